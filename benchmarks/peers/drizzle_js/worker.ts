// Drizzle on bun:sqlite with prepared statements, as a worker that speaks the same lines of JSON as benchmarks/worker.py.
//
//     bun worker.ts                    answers commands
//     bun worker.ts --resident PATH    prints MiB after opening and reading all tickets

import { Database } from "bun:sqlite";
import { and, asc, count, desc, eq, getTableColumns, inArray, isNull, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { integer, real, sqliteTable, text } from "drizzle-orm/sqlite-core";
import drizzlePackage from "drizzle-orm/package.json";

const times = {
  created: integer({ mode: "timestamp_ms" }).notNull().$defaultFn(() => new Date()),
  updated: integer({ mode: "timestamp_ms" }).notNull().$defaultFn(() => new Date()).$onUpdateFn(() => new Date()),
  deleted: integer({ mode: "timestamp_ms" }),
};

const tickets = sqliteTable("tickets", {
  id: integer().primaryKey({ autoIncrement: true }),
  project_id: integer().notNull(),
  title: text().notNull(),
  overview: text().notNull(),
  status: text({ enum: ["open", "in_progress", "completed", "archived"] }).notNull(),
  priority: text({ enum: ["low", "normal", "high", "urgent"] }).notNull(),
  tags: text({ mode: "json" }).$type<string[]>().notNull(),
  metadata: text({ mode: "json" }).$type<Record<string, unknown>>().notNull(),
  suggested_file_ids: text({ mode: "json" }).$type<number[]>().notNull(),
  suggested_prompt_ids: text({ mode: "json" }).$type<number[]>().notNull(),
  suggested_agents: text({ mode: "json" }).$type<string[]>().notNull(),
  ...times,
});

const tasks = sqliteTable("tasks", {
  id: integer().primaryKey({ autoIncrement: true }),
  ticket_id: integer().notNull(),
  content: text().notNull(),
  description: text().notNull(),
  status: text({ enum: ["pending", "in_progress", "completed", "cancelled"] }).notNull(),
  done: integer({ mode: "boolean" }).notNull().generatedAlwaysAs(sql`status = 'completed'`),
  order_index: integer().notNull(),
  estimated_hours: real(),
  dependencies: text({ mode: "json" }).$type<number[]>().notNull(),
  tags: text({ mode: "json" }).$type<string[]>().notNull(),
  agent: text(),
  suggested_file_ids: text({ mode: "json" }).$type<number[]>().notNull(),
  suggested_prompt_ids: text({ mode: "json" }).$type<number[]>().notNull(),
  suggested_agents: text({ mode: "json" }).$type<string[]>().notNull(),
  ...times,
});

type Ticket = typeof tickets.$inferSelect;
type Task = typeof tasks.$inferSelect;
type NewTicket = typeof tickets.$inferInsert;

const TICKET_COLUMNS = Object.keys(getTableColumns(tickets)) as (keyof Ticket)[];
const TASK_COLUMNS = Object.keys(getTableColumns(tasks)) as (keyof Task)[];

const pragmas: Record<string, string | number> = {
  journal_mode: "wal",
  synchronous: 2,
  foreign_keys: 1,
  cache_size: -2000,
  mmap_size: 0,
  secure_delete: 1,
  temp_store: 0,
  wal_autocheckpoint: 1000,
};

// Every attribute of every row is read; the sum keeps the engine from leaving a read out.
let seen = 0;
const note = (value: unknown) => {
  if (value !== null) seen++;
};
function readTicket(row: Ticket) {
  note(row.id), note(row.project_id), note(row.title), note(row.overview), note(row.status), note(row.priority);
  note(row.tags), note(row.metadata), note(row.suggested_file_ids), note(row.suggested_prompt_ids);
  note(row.suggested_agents), note(row.created), note(row.updated), note(row.deleted);
}
function readTask(row: Task) {
  note(row.id), note(row.ticket_id), note(row.content), note(row.description), note(row.status), note(row.done);
  note(row.order_index), note(row.estimated_hours), note(row.dependencies), note(row.tags), note(row.agent);
  note(row.suggested_file_ids), note(row.suggested_prompt_ids), note(row.suggested_agents);
  note(row.created), note(row.updated), note(row.deleted);
}

function contestant(path: string) {
  const client = new Database(path);
  client.exec("PRAGMA busy_timeout=10000");
  for (const [name, value] of Object.entries(pragmas)) client.exec(`PRAGMA ${name}=${value}`);
  const db = drizzle({ client });

  const live = isNull(tickets.deleted);
  const ofProject = and(eq(tickets.project_id, sql.placeholder("project")), live);
  const newest = () => db.select().from(tickets).where(ofProject).orderBy(desc(tickets.created));
  const get = db.select().from(tickets).where(and(eq(tickets.id, sql.placeholder("id")), live)).prepare();
  const list100 = newest().limit(100).prepare();
  const page50 = newest().limit(50).prepare();
  const places = Array.from({ length: 50 }, (_, index) => sql.placeholder(`id${index}`));
  const tasksOf50 = db.select().from(tasks)
    .where(and(inArray(tasks.ticket_id, places), isNull(tasks.deleted)))
    .orderBy(asc(tasks.ticket_id), asc(tasks.order_index)).prepare();
  const tasksOfOne = db.select().from(tasks)
    .where(and(eq(tasks.ticket_id, sql.placeholder("id")), isNull(tasks.deleted)))
    .orderBy(asc(tasks.order_index)).prepare();
  const counts = db.select({ status: tickets.status, count: count() }).from(tickets).groupBy(tickets.status).prepare();
  const allTasks = db.select().from(tasks).where(isNull(tasks.deleted)).orderBy(asc(tasks.id)).prepare();
  const allTickets = db.select().from(tickets).where(live).orderBy(asc(tickets.id)).prepare();
  const rename = db.update(tickets)
    .set({ title: sql`${sql.placeholder("title")}`, updated: sql`${sql.placeholder("now")}` })
    .where(and(eq(tickets.id, sql.placeholder("id")), live)).returning().prepare();
  const tuples = client.prepare(
    `SELECT ${TICKET_COLUMNS.map((name) => `"${name}"`).join(", ")} FROM tickets WHERE deleted IS NULL ORDER BY id`,
  );

  return {
    client,
    get_by_id: (id: number) => get.get({ id })!,
    list_100: (project: number) => list100.all({ project }),
    ticket_with_tasks: (id: number): [Ticket, Task[], number] => {
      const ticket = get.get({ id })!;
      const found = tasksOfOne.all({ id });
      return [ticket, found, found.length];
    },
    page_50_with_tasks: (project: number): [Ticket, Task[]][] => {
      const page = page50.all({ project });
      const given: Record<string, number> = {};
      const found = new Map<number, Task[]>();
      for (let index = 0; index < 50; index++) given[`id${index}`] = page[index]?.id ?? 0;
      for (const ticket of page) found.set(ticket.id, []);
      for (const task of tasksOf50.all(given)) found.get(task.ticket_id)!.push(task);
      return page.map((ticket) => [ticket, found.get(ticket.id)!]);
    },
    count_by_status: () => counts.all(),
    read_20000: () => allTasks.all(),
    update_1: (id: number, title: string) => rename.get({ id, title, now: Date.now() })!,
    insert_1: (row: NewTicket) => db.insert(tickets).values(row).returning().get(),
    insert_100: (rows: NewTicket[]) => db.transaction((tx) => tx.insert(tickets).values(rows).returning().all()),
    all_tickets: () => allTickets.all(),
    all_ticket_tuples: () => tuples.values(),
  };
}

type Held = ReturnType<typeof contestant>;
type Name = Exclude<keyof Held, "client" | "all_tickets" | "all_ticket_tuples">;

const read: Record<Name, (result: any) => void> = {
  get_by_id: readTicket,
  update_1: readTicket,
  insert_1: readTicket,
  list_100: (rows: Ticket[]) => rows.forEach(readTicket),
  insert_100: (rows: Ticket[]) => rows.forEach(readTicket),
  read_20000: (rows: Task[]) => rows.forEach(readTask),
  ticket_with_tasks: ([ticket, found]: [Ticket, Task[], number]) => (readTicket(ticket), found.forEach(readTask)),
  page_50_with_tasks: (page: [Ticket, Task[]][]) =>
    page.forEach(([ticket, found]) => (readTicket(ticket), found.forEach(readTask))),
  count_by_status: (rows: { status: string; count: number }[]) => rows.forEach((row) => (note(row.status), note(row.count))),
};

const plain = (value: unknown): unknown =>
  value instanceof Date ? value.getTime() : typeof value === "boolean" ? Number(value) : value;
const ticketValues = (row: Ticket) => TICKET_COLUMNS.map((name) => plain(row[name]));
const taskValues = (row: Task) => TASK_COLUMNS.map((name) => plain(row[name]));
const values: Record<Name, (result: any) => unknown> = {
  get_by_id: ticketValues,
  update_1: ticketValues,
  insert_1: ticketValues,
  list_100: (rows: Ticket[]) => rows.map(ticketValues),
  insert_100: (rows: Ticket[]) => rows.map(ticketValues),
  read_20000: (rows: Task[]) => rows.map(taskValues),
  ticket_with_tasks: ([ticket, found, n]: [Ticket, Task[], number]) => [ticketValues(ticket), found.map(taskValues), n],
  page_50_with_tasks: (page: [Ticket, Task[]][]) => page.map(([t, found]) => [ticketValues(t), found.map(taskValues)]),
  count_by_status: (rows: { status: string; count: number }[]) => rows.map((row) => [row.status, row.count]).sort(),
};

if (process.argv[2] === "--resident") {
  const rows = contestant(process.argv[3]!).all_tickets();
  Bun.gc(true);
  if (rows.length) console.log(process.memoryUsage.rss() / 2 ** 20);
  process.exit(rows.length ? 0 : 1);
}

let held: Held;
let rows: NewTicket[] = [];

function argumentsOf(name: Name, given: any[]): any[][] {
  switch (name) {
    case "insert_1":
      return given.map((number) => [rows[number]]);
    case "insert_100":
      return given.map(() => [rows]);
    case "update_1":
      return given;
    case "count_by_status":
    case "read_20000":
      return given.map(() => []);
    default:
      return given.map((value) => [value]);
  }
}

const clocks: Record<string, () => number> = {
  wall: Bun.nanoseconds,
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) * 1000;
  },
};

const commands: Record<string, (command: any) => unknown> = {
  open({ path, rows: given }) {
    held = contestant(path);
    rows = given;
    const ask = (name: string) => Object.values(held.client.query(`PRAGMA ${name}`).get() as object)[0];
    return {
      title: "Drizzle on bun:sqlite, prepared",
      declares: "",
      library: (held.client.query("SELECT sqlite_version() AS v").get() as { v: string }).v,
      pragmas: Object.fromEntries(Object.keys(pragmas).map((name) => [name, ask(name)])),
      versions: { "drizzle-orm": drizzlePackage.version, bun: Bun.version },
      operations: Object.keys(read),
    };
  },
  time({ operation, arguments: given, clock }: { operation: Name; arguments: any[]; clock: string }) {
    const now = clocks[clock]!;
    const call = held[operation] as (...given: any[]) => unknown;
    const take = read[operation];
    const [first, ...calls] = argumentsOf(operation, given);
    Bun.gc(true);
    take(call(...first!));
    const start = now();
    for (const each of calls) take(call(...each));
    return { ns: now() - start };
  },
  values({ operation, arguments: given }: { operation: Name; arguments: any[] }) {
    const call = held[operation] as (...given: any[]) => unknown;
    return { values: argumentsOf(operation, given).map((each) => values[operation](call(...each))) };
  },
  decode({ repetitions, clock }) {
    const now = clocks[clock]!;
    const spent = [0, 0];
    let size = 0;
    for (let turn = 0; turn <= repetitions; turn++) {
      for (const [place, call] of [held.all_tickets, held.all_ticket_tuples].entries()) {
        Bun.gc(true);
        const start = now();
        const found = call();
        if (turn) spent[place]! += now() - start;
        size = found.length;
      }
    }
    return { typed_ns: spent[0]! / repetitions, tuples_ns: spent[1]! / repetitions, rows: size };
  },
  close() {
    held?.client.close();
    return {};
  },
};

const say = (answer: unknown) => process.stdout.write(JSON.stringify(answer) + "\n");
say({ ready: true });
for await (const line of console) {
  const command = JSON.parse(line);
  try {
    say(commands[command.do]!(command));
  } catch (error) {
    console.error(error);
    say({ error: String(error) });
  }
  if (command.do === "close") break;
}
if (seen < 0) console.error(seen);

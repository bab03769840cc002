import Database from "better-sqlite3";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { migrate } from "drizzle-orm/better-sqlite3/migrator";

const client = new Database(process.argv[2]);
client.pragma("foreign_keys = ON");
migrate(drizzle(client), { migrationsFolder: "out" });
console.log("success");

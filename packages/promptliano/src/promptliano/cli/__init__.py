"""What can be typed? A group of commands per entity, `import` and `bench`; nothing heavy loads before it runs."""

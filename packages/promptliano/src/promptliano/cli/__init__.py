"""What can be typed? One group of commands per entity, plus `import` and `bench`; nothing heavy loads before it runs."""

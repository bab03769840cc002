"""Old data in: what existing databases hold, and how it becomes ours."""

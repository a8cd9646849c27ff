"""One process's work on a task: requests claimed, asked, and concluded."""

"""Tools of the Model Context Protocol for assistants; each asks the REST API in this process."""

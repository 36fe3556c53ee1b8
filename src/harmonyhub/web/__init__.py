"""What people and programs see: pages, API, health; parses, calls a flow, renders."""

"""The one door to MongoDB: repositories, indexes, migrations and the embedded server."""

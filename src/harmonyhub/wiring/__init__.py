"""The one room that builds clients, store and index from Settings; only entry points import it."""

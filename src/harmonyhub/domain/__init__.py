"""The vocabulary of the house: frozen values, ids and errors; imports nothing of ours."""

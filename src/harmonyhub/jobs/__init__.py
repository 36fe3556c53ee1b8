"""When flows run by themselves: leases in MongoDB, a worker, one child process per job."""

"""What decides a trial? Model, data, process, training and measurement, and its identities."""

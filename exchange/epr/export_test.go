package epr

// Fault is how an error of the file system is told.
func Fault(err error) error { return fault("write", err) }

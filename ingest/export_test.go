package ingest

// ReadTicket parses a ticket and looks up what it says of one file.
func ReadTicket(b []byte, isCSV bool, name string) error {
	t, err := parseTicket(b, isCSV)
	if err == nil {
		_ = t.about(name)
	}
	return err
}

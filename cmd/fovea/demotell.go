package main

import (
	"io"
	"net"
	"text/template"

	"fovea/clinical"
)

// demoWords is what the demo prints before it is ready.
const demoWords = `
Sign in at {{.URL}} (trust {{.CAFile}}, or accept the warning)
The library by keyboard, for photographers and clinicians: {{.URL}}/app/

{{range .People}}{{printf "  %-8s %-22s %s" .Login .Password .Role}}
{{end}}
Mount the teaching sets as the student (login {{.Student.Login}}, app password {{.Student.AppPassword}}):
  Linux    rclone mount :webdav: /mnt/fovea --webdav-url {{.URL}}/dav/teaching/ --webdav-user {{.Student.Login}} --webdav-pass "$(rclone obscure {{.Student.AppPassword}})" --ca-cert {{.CAFile}} --read-only
           mount -t davfs -o ro {{.URL}}/dav/teaching/ /mnt/fovea
  Windows  net use * \\{{.Host}}@SSL@{{.Port}}\dav\teaching /user:{{.Student.Login}} {{.Student.AppPassword}}
  macOS    Finder, Go, Connect to Server: {{.URL}}/dav/teaching/

What to try (docs/demo.md has each step in full; after make, fovea is bin/fovea):
  1 print a job sheet            Today, Print sheet, or: fovea --data {{.Data}} --as lea job list
  2 three patients, one ID shot missing: cp {{.Walk}}/*-122[012]/*.JPG {{.Studio}}/
    wait ten seconds, open Arrivals as lea, tick the second patient's frames, file them under her, confirm the rest
  3 classify and release         open a patient as lea, tick pictures, classify, add to a set
  4 the same set as nora, {{.Student.Login}} and olu
  5 refile a wrong patient       while the drive is mounted
  6 withdraw while it is read    the next request finds nothing; a download of more than 1 MiB would be cut
  7 verify the log offline       fovea --data {{.Data}} audit export log && fovea audit verify log

Everything is also in {{.JSON}}. Stop with Ctrl-C; starting again keeps everything.
`

// tell prints logins, mounts and what to try.
func (at demoPlaces) tell(w io.Writer, address string) error {
	d, err := at.read()
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return clinical.Errorf(clinical.Invalid, "demo: address: %w", err)
	}
	words, err := template.New("demo").Parse(demoWords)
	if err != nil {
		return clinical.Errorf(clinical.Internal, "demo: %w", err)
	}
	return words.Execute(w, struct {
		demoFile
		Student                  demoPerson
		Host, Port, Studio, JSON string
	}{d, d.person("yuki"), host, port, at.folder("studio-a"), at.json})
}

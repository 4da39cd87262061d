package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"fovea/clinical"
)

// servedFile is where a server leaves the configuration that it runs with, as
// it came to be from file and flags: a command that is given none decides and
// prints as that server would, also while none runs. A server never reads it,
// so what is taken out of the configuration does not live on here.
const servedFile = "served.yaml"

// remember leaves the configuration in DATA. Paths are written whole: a command
// may begin in another folder.
func (c *config) remember() error {
	kept := *c
	kept.Studios = append([]studioYAML(nil), c.Studios...)
	paths := []*string{&kept.Data, &kept.Runtime, &kept.Checkpoints, &kept.TLS.Cert, &kept.TLS.Key, &kept.Keys.File, &kept.Keys.PassphraseFile, &kept.EPR.Folder}
	for i := range kept.Studios {
		paths = append(paths, &kept.Studios[i].Folder)
	}
	for _, p := range paths {
		if *p == "" {
			continue
		}
		abs, err := filepath.Abs(*p)
		if err != nil {
			return clinical.Errorf(clinical.Unavailable, "configuration as served: %w", err)
		}
		*p = abs
	}
	b, err := yaml.Marshal(kept)
	if err == nil {
		err = writeWhole(filepath.Join(c.Data, servedFile), b)
	}
	if err != nil {
		return clinical.Errorf(clinical.Unavailable, "configuration as served: %w", err)
	}
	return nil
}

// asServed is the configuration of the server that holds DATA.
func (c *config) asServed() (config, error) {
	at := cli{Config: filepath.Join(c.Data, servedFile), Data: c.Data}
	return at.load()
}

// settings are what a command works with: the file that it is given, else
// DATA/fovea.yaml, else what a server ran with last, else the defaults.
func (c *cli) settings() (config, error) {
	if c.Config == "" && c.Data != "" {
		_, written := os.Stat(filepath.Join(c.Data, "fovea.yaml"))
		_, served := os.Stat(filepath.Join(c.Data, servedFile))
		if errors.Is(written, fs.ErrNotExist) && served == nil {
			return (&config{Data: c.Data}).asServed()
		}
	}
	return c.load()
}

// Package pack makes what is handed over as one file.
package pack

// Package mounts holds the tests that mount the teaching drive with real clients, davfs2 and rclone, over TLS, and read
// it as an operating system reads it. They start bin/fovea, or what -fovea names, on the demo, so build it first. make
// accept runs them too, and reads the attributes that they state: what was read, what was gone, and when.
//
// They need root and /dev/fuse and are asked for with the build tag mounts (make test-mounts). Where one of these is
// missing they fail and say so: who gives the tag wants them run. They leave no mount behind.
//
// Start reading at mounts_test.go; demo_test.go starts the program, client_test.go the two clients.
package mounts

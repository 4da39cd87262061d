// Package mounts holds the tests that use the drive with the clients that people use, over TLS: davfs2 and rclone, which
// mount it, gvfs (what GNOME Files uses), cadaver and curl. They list and read, lose what is withdrawn and see it again,
// are cut off by a revoked password, and deliver into a studio's inbox. They start bin/fovea, or what -fovea names, on the
// demo, so build it first. make accept runs them too, and reads the attributes that they state: what was read, what was
// gone, and when.
//
// They need root and /dev/fuse and are asked for with the build tag mounts (make test-mounts). Where one of these is
// missing they fail and say so: who gives the tag wants them run. They leave no mount behind, and trust the demo's
// authority for their own children only.
//
// Start reading at mounts_test.go; demo_test.go starts the program, client_test.go the clients.
package mounts

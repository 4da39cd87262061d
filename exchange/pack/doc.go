// Package pack makes what is handed over: a ZIP that only its password opens,
// the contents of a copy for a patient or an institution, the evidential bundle
// for a court, and the print.
//
// Contents ([Copy], [Evidence]) and container ([Packer.ZIP]) are apart: the
// first are sequences of files with names that say nothing about the patient,
// since a ZIP shows its names without a password. The second is made by Debian's
// 7zip as a confined child. Pictures and password reach it through its standard
// input and lie in its private memory alone; without confinement the package
// refuses, because there would be no such memory.
//
// It never decides what may leave: the pictures it is given were opened through
// the gate, and one that is withdrawn meanwhile ends the file before its first
// byte is out.
//
// Start reading at Packer.ZIP.
package pack

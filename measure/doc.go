// Package measure turns pixels into millimetres: it finds the printed marker in a clinical photograph, rectifies the
// plane it lies on, and states lengths and areas of a confirmed outline together with their uncertainty.
//
// It will hold the marker detector, rectification, outlines, areas, tissue classes, series over time, and under
// phantom/ the rendered ground truth that its tests measure against. It works on pictures and numbers in memory,
// imports clinical and nothing else of Fovea, and opens no file.
//
// It refuses to guess: a picture without a marker, or with a marker that is not ours, is an error and never a figure.
// It refuses to diagnose: every outline is proposed by the program and confirmed by a person.
package measure

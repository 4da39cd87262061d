// Package epr delivers filed sessions to the hospital's patient record.
package epr

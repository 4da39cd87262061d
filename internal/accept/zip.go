package main

import (
	"archive/zip"
	"bytes"
	"crypto/aes"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // what WinZip's AE-2 prescribes
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// methodAES is the method of an encrypted entry, whose own method stands in the extra field of the same number:
// https://www.winzip.com/en/support/aes-encryption/.
const (
	methodAES = 99
	extraAES  = 0x9901
)

// unzip decrypts a ZIP of stored entries under AES-256, as WinZip's AE-2 has it, and returns them by name. It is written
// from the format's page and shares nothing with the program under trial.
func unzip(content []byte, password string) (map[string][]byte, error) {
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, f := range r.File {
		if f.FileInfo().IsDir() {
			continue
		}
		if f.Method != methodAES || f.Flags&1 == 0 {
			return nil, fmt.Errorf("%s is not encrypted", f.Name)
		}
		if err := strongest(f.Extra); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		raw, err := f.OpenRaw()
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(raw)
		if err != nil {
			return nil, err
		}
		if out[f.Name], err = decrypt(b, password); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return out, nil
}

// strongest reports an error unless an entry is under AES-256, without a checksum of the plain text, and stored.
func strongest(extra []byte) error {
	for len(extra) >= 4 {
		id, size := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if len(extra) < 4+size {
			break
		}
		if id == extraAES && size == 7 {
			v := extra[4:]
			if binary.LittleEndian.Uint16(v) != 2 || v[4] != 3 || binary.LittleEndian.Uint16(v[5:]) != zip.Store {
				return fmt.Errorf("AE-%d, strength %d, method %d", binary.LittleEndian.Uint16(v), v[4], binary.LittleEndian.Uint16(v[5:]))
			}
			return nil
		}
		extra = extra[4+size:]
	}
	return errors.New("no word of AES")
}

var errPassword = errors.New("wrong password")

// decrypt takes apart salt, password check, cipher text and authentication code.
func decrypt(b []byte, password string) ([]byte, error) {
	const salt, check, code, rounds = 16, 2, 10, 1000
	if len(b) < salt+check+code {
		return nil, io.ErrUnexpectedEOF
	}
	keys, err := pbkdf2.Key(sha1.New, password, b[:salt], rounds, 32+32+check)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(keys[64:], b[salt:salt+check]) {
		return nil, errPassword
	}
	text := bytes.Clone(b[salt+check : len(b)-code])
	mac := hmac.New(sha1.New, keys[32:64])
	mac.Write(text)
	if !hmac.Equal(mac.Sum(nil)[:code], b[len(b)-code:]) {
		return nil, errPassword
	}
	block, err := aes.NewCipher(keys[:32])
	if err != nil {
		return nil, err
	}
	var counter, stream [aes.BlockSize]byte // the counter is little endian, which no mode of the library is
	for at := 0; at < len(text); at += aes.BlockSize {
		binary.LittleEndian.PutUint64(counter[:], uint64(at/aes.BlockSize+1))
		block.Encrypt(stream[:], counter[:])
		for i := range min(aes.BlockSize, len(text)-at) {
			text[at+i] ^= stream[i]
		}
	}
	return text, nil
}

// lay writes files below a folder.
func lay(dir string, files map[string][]byte) error {
	for name, b := range files {
		if !filepath.IsLocal(name) {
			return fmt.Errorf("an entry is named %q", name)
		}
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, b, 0o600)); err != nil {
			return err
		}
	}
	return nil
}

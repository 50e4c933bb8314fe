package external

import (
	"errors"
	"os"
)

// A tempFile is a temporary file, or none yet.
type tempFile struct{ path string }

// write makes the file, unless it is there already, and returns its path.
func (f *tempFile) write(content []byte) (path string, err error) {
	if f.path != "" {
		return f.path, nil
	}
	file, err := os.CreateTemp("", "stacksweep-*.elf")
	if err != nil {
		return "", err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(err, os.Remove(file.Name()))
	}
	f.path = file.Name()
	return f.path, nil
}

func (f *tempFile) remove() {
	if f.path != "" {
		os.Remove(f.path)
		f.path = ""
	}
}

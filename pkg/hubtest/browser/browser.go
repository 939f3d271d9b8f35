// Package browser finds the browser that tests use.
package browser

import (
	"errors"
	"os/exec"
)

// Find is the path of the machine's Chromium, or why there is none. The one
// without a window does the same for less.
func Find() (string, error) {
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no Chromium is installed here (apt-get install chromium)")
}

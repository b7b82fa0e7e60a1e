package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/go-archive"
	"github.com/moby/moby/api/types/build"
	"github.com/moby/moby/client"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// outputLines is how much of a failed build's output its error shows.
const outputLines = 40

// BuildSpec says what to build: the context directory, the Dockerfile in it
// (relative to the context), every tag to set, build arguments and labels.
type BuildSpec struct {
	Context    string
	Dockerfile string
	Tags       []string
}

// Build builds the image and returns when its tags are set. The error of a
// failed build carries the last lines of its output.
func Build(ctx context.Context, docker client.APIClient, spec BuildSpec) error {
	directory, err := filepath.Abs(spec.Context)
	if err != nil {
		return err
	}
	if err := checkContext(directory, spec.Dockerfile); err != nil {
		return err
	}
	excludes, err := excludePatterns(directory, spec.Dockerfile)
	if err != nil {
		return err
	}
	// Files belong to root in the image whoever runs Terraform, as with `docker build`.
	buildContext, err := archive.TarWithOptions(directory, &archive.TarOptions{
		ExcludePatterns: excludes,
		ChownOpts:       &archive.ChownOpts{UID: 0, GID: 0},
	})
	if err != nil {
		return fmt.Errorf("build context %s cannot be read: %w", directory, err)
	}
	defer func() { _ = buildContext.Close() }()

	response, err := docker.ImageBuild(ctx, buildContext, client.ImageBuildOptions{
		// The classic builder is in every engine; BuildKit's API needs a session.
		Version:     build.BuilderV1,
		Dockerfile:  spec.Dockerfile,
		Tags:        spec.Tags,
		Remove:      true,
		ForceRemove: true,
	})
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	return followBuild(response.Body)
}

func checkContext(directory, dockerfile string) error {
	info, err := os.Stat(directory)
	if err != nil {
		return fmt.Errorf("build context cannot be read: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("build context %s is not a directory", directory)
	}
	if _, err := os.Stat(filepath.Join(directory, dockerfile)); err != nil {
		return fmt.Errorf("Dockerfile %q cannot be read in the build context: %w", dockerfile, err)
	}
	return nil
}

// excludePatterns reads .dockerignore. The Dockerfile and .dockerignore
// themselves are always sent, since the engine reads both.
func excludePatterns(directory, dockerfile string) ([]string, error) {
	file, err := os.Open(filepath.Join(directory, ".dockerignore"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	excludes, err := ignorefile.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf(".dockerignore in %s is malformed: %w", directory, err)
	}
	for _, needed := range []string{".dockerignore", filepath.ToSlash(dockerfile)} {
		excluded, err := patternmatcher.MatchesOrParentMatches(needed, excludes)
		if err != nil {
			return nil, fmt.Errorf(".dockerignore in %s is malformed: %w", directory, err)
		}
		if excluded {
			excludes = append(excludes, "!"+needed)
		}
	}
	return excludes, nil
}

// followBuild reads the engine's messages until the build has ended.
func followBuild(messages io.Reader) error {
	decoder := json.NewDecoder(messages)
	var output strings.Builder
	for {
		var message struct {
			Stream      string `json:"stream"`
			Error       string `json:"error"`
			ErrorDetail struct {
				Message string `json:"message"`
			} `json:"errorDetail"`
		}
		err := decoder.Decode(&message)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the engine broke off the build: %w\n%s", err, lastLines(output.String(), outputLines))
		}
		output.WriteString(message.Stream)
		failure := message.Error
		if failure == "" {
			failure = message.ErrorDetail.Message
		}
		if failure != "" {
			return fmt.Errorf("the build failed: %s\nLast lines of its output:\n%s", failure, lastLines(output.String(), outputLines))
		}
	}
}

func lastLines(text string, count int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}

/*
 * files.c
 *	  See files.h.
 */
#include "net/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 1024

static int
sync_directory_of(const char *path)
{
	char copy[PATH_SIZE];
	int fd;
	int rc = 0;

	if (strlen(path) >= sizeof copy)
		return ENAMETOOLONG;
	strcpy(copy, path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return errno;
	if (fsync(fd) != 0)
		rc = errno;
	close(fd);
	return rc;
}

static int
write_all(int fd, const char *text, size_t size)
{
	while (size > 0)
	{
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		text += n;
		size -= (size_t) n;
	}
	return 0;
}

int
pgraft_rename_durably(const char *from, const char *to)
{
	if (rename(from, to) != 0)
		return errno;
	return sync_directory_of(to);
}

int
pgraft_remove_durably(const char *path)
{
	if (unlink(path) != 0)
		return errno == ENOENT ? 0 : errno;
	return sync_directory_of(path);
}

int
pgraft_write_durably(const char *path, const char *text, size_t size)
{
	char aside[PATH_SIZE];
	int fd;
	int rc;

	if (snprintf(aside, sizeof aside, "%s.tmp", path) >= (int) sizeof aside)
		return ENAMETOOLONG;
	fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		return errno;
	rc = write_all(fd, text, size);
	if (rc == 0 && fsync(fd) != 0)
		rc = errno;
	if (close(fd) != 0 && rc == 0)
		rc = errno;
	if (rc != 0)
	{
		unlink(aside);
		return rc;
	}
	return pgraft_rename_durably(aside, path);
}

int
pgraft_read_file(const char *path, char *buf, size_t size)
{
	size_t used = 0;
	int fd = open(path, O_RDONLY);
	int rc = 0;

	if (fd < 0)
		return errno;
	while (rc == 0)
	{
		ssize_t n = read(fd, buf + used, size - used);

		if (n == 0)
			break;
		if (n > 0)
			used += (size_t) n;
		else if (errno != EINTR)
			rc = errno;
		if (used == size)
			rc = EFBIG;
	}
	close(fd);
	if (rc == 0 && memchr(buf, '\0', used) != NULL)
		rc = EBADMSG;
	if (rc == 0)
		buf[used] = '\0';
	return rc;
}

int
pgraft_make_directory(const char *path)
{
	if (mkdir(path, 0700) != 0)
		return errno == EEXIST ? 0 : errno;
	return sync_directory_of(path);
}

int
pgraft_empty_directory(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int rc = 0;

	if (dir == NULL)
		return errno;
	while ((entry = readdir(dir)) != NULL)
	{
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) != 0)
			rc = errno;
	}
	closedir(dir);
	return rc;
}

bool
pgraft_file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

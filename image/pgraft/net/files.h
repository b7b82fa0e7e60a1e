/*
 * files.h
 *	  Small files that survive a power cut: written aside, fsynced, renamed, directory fsynced.
 */
#ifndef PGRAFT_FILES_H
#define PGRAFT_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* All return 0, or an errno. */
extern int pgraft_write_durably(const char *path, const char *text, size_t size);
extern int pgraft_rename_durably(const char *from, const char *to);

/* 0 too if there is no such file. */
extern int pgraft_remove_durably(const char *path);

/* Reads at most size - 1 bytes and ends them with a NUL; EFBIG if there is more, EBADMSG if it is no text: a NUL would hide the rest. */
extern int pgraft_read_file(const char *path, char *buf, size_t size);

/* Makes the directory (0700) if it is missing. */
extern int pgraft_make_directory(const char *path);

/* Removes the files (not directories) in a directory. */
extern int pgraft_empty_directory(const char *path);
extern bool pgraft_file_exists(const char *path);

#endif

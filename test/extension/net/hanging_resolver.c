/*
 * hanging_resolver.c
 *	  Stands before libuv's uv_getaddrinfo(): with RESOLVER_HANGS in the environment no name server ever answers.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <uv.h>

typedef int (*Resolver)(uv_loop_t *, uv_getaddrinfo_t *, uv_getaddrinfo_cb, const char *, const char *,
						const struct addrinfo *);

int
uv_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *req, uv_getaddrinfo_cb done, const char *host, const char *service,
			   const struct addrinfo *hints)
{
	Resolver resolve;

	if (getenv("RESOLVER_HANGS") != NULL)
	{
		req->type = UV_UNKNOWN_REQ; /* one that is being asked for cannot be cancelled either */
		return 0;
	}
	*(void **) &resolve = dlsym(RTLD_NEXT, "uv_getaddrinfo");
	return resolve(loop, req, done, host, service, hints);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/sdbus.h"

#include <dlfcn.h>
#include <errno.h>

#define LIBRARY "libsystemd.so.0"

int sdbus_load(struct sdbus *lib, struct err *err)
{
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return err_set(err, ENOTSUP, "%s; install libsystemd0", dlerror());
#define LOAD(name)                                                                                 \
	*(void **)&lib->name = dlsym(handle, #name);                                               \
	if (!lib->name)                                                                            \
		return err_set(err, ENOTSUP, LIBRARY " has no " #name);
	SDBUS_FUNCTIONS(LOAD)
#undef LOAD
	return 0;
}

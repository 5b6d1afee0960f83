/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One QMP conversation, without the socket: bytes in, bytes out. Spoken is what
 * libxl asks of a device model when it starts a guest; whatever else is asked
 * gets an error that says so, as QEMU's does. What is known of the protocol:
 * QEMU's docs/interop/qmp-spec.
 */
#ifndef BACKEND_QMP_H
#define BACKEND_QMP_H

#include <stdbool.h>
#include <stddef.h>

struct arguments;
struct json_tokener;

#define QMP_REQUEST_MAX 65536	/* bytes */

/* What the conversations of one program are about. */
struct qmp_server {
	const struct arguments *args;	/* for query-chardev */
	bool ready;			/* for query-status */
	bool quit;			/* set here: somebody asked for it */
};

struct qmp {
	struct qmp_server *server;
	struct json_tokener *tokener;
	size_t pending;		/* bytes of a request that is not complete */
	bool negotiated;	/* there was a qmp_capabilities */
};

/* *greeting is what is sent first; the caller frees it. 0 or -ENOMEM. */
int qmp_init(struct qmp *qmp, struct qmp_server *server, char **greeting);
void qmp_fini(struct qmp *qmp);

/*
 * Take what was received. *answer is what is to be sent now, or NULL; the caller
 * frees it. 0, or -EMSGSIZE or -ENOMEM: end the conversation.
 */
int qmp_feed(struct qmp *qmp, const char *bytes, size_t len, char **answer);

#endif

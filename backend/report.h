/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers to what the control socket is asked, as JSON documents:
 *
 *   list                     { "disks": [ { … }, … ] }
 *   show GUEST[/VDEV]        the same, with everything that is known
 *   stats [GUEST[/VDEV]]     { "guests": [ { "mapcache": { … },
 *                              "disks": [ { "stats": { … } } ] } ] }
 *
 * GUEST is a domain id or a name. What can't be answered is
 * { "error": "why" }. Every document ends in a newline.
 */
#ifndef BACKEND_REPORT_H
#define BACKEND_REPORT_H

#include "backend/guest.h"

/* From malloc(); NULL without memory. */
char *report_answer(const struct guest_list *guests, const char *request);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_CNI_H
#define CT_NETNS_CNI_H

/*
 * The CNI plugin, versions 0.1.0 to 1.1.0: CNI_COMMAND in the environment, a network's definition on
 * standard input, the result or an error object on standard output. Returns the exit status.
 */
int cni_main(void);

#endif

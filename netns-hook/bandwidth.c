/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/bandwidth.h"

#include <errno.h>

#define FRAME_HEADER 14
/* Without a burst asked for: what the rate sends in this time, and a few packets at least. */
#define BURST_MS      50
#define BURST_PACKETS 8

int bandwidth_rate(const struct network_rate *wanted, const char *key, unsigned int mtu,
		   struct tc_rate *rate, struct err *err)
{
	const uint64_t packet = mtu + FRAME_HEADER;
	const uint64_t usual = (uint64_t)wanted->bits / 8 * BURST_MS / 1000;
	const uint64_t least = packet * BURST_PACKETS;
	uint64_t burst = (uint64_t)wanted->burst_bits / 8;

	if (wanted->burst_bits == 0)
		burst = usual > INT32_MAX ? INT32_MAX : usual > least ? usual : least;
	/* The bucket would drop every packet that is longer than itself. */
	if (burst < packet)
		return err_set(err, EINVAL,
			       "bandwidth.%sBurst: %lld bits are less than one packet (MTU %u: "
			       "at least %llu)",
			       key, (long long)wanted->burst_bits, mtu,
			       (unsigned long long)packet * 8);
	*rate = (struct tc_rate){ (uint64_t)wanted->bits / 8, (uint32_t)burst };
	return 0;
}

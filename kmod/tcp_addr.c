// SPDX-License-Identifier: GPL-2.0 OR MIT
/* TCP addresses: their text, their kinds. */

#include <linux/in.h>
#include <linux/inet.h>
#include <linux/kernel.h>
#include <net/ipv6.h>
#include "tcp.h"

/**
 * ockam_tcp_addr_len() - bytes that a socket call wants to see
 * @addr: IPv4 or IPv6
 *
 * Return: the length.
 */
int ockam_tcp_addr_len(const struct sockaddr_storage *addr)
{
	return addr->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
	       sizeof(struct sockaddr_in);
}

/**
 * ockam_tcp_is_loopback() - whether only this machine reaches an address
 * @addr: IPv4 or IPv6
 *
 * Return: true when it is a loopback address.
 */
bool ockam_tcp_is_loopback(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET6)
		return ipv6_addr_loopback(&((struct sockaddr_in6 *)addr)
					  ->sin6_addr);
	return ipv4_is_loopback(((struct sockaddr_in *)addr)->sin_addr.s_addr);
}

/**
 * ockam_tcp_parse_addr() - read the value of an address of type TCP
 * @addr: set
 * @text: "ip:port" or "[ip6]:port"
 * @len:  its bytes
 *
 * Return: 0, -EINVAL.
 */
int ockam_tcp_parse_addr(struct sockaddr_storage *addr, const u8 *text,
			 size_t len)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)addr;
	struct sockaddr_in *in = (struct sockaddr_in *)addr;
	char port[6] = {}, host[INET6_ADDRSTRLEN] = {};
	size_t colon = len, skip = 0, host_len;
	bool six = len && text[0] == '[';
	u16 number;

	while (colon && text[colon - 1] != ':')
		colon--;
	if (!colon || len - colon > 5 || len == colon)
		return -EINVAL;
	memcpy(port, text + colon, len - colon);
	host_len = colon - 1;
	if (six) {
		if (host_len < 2 || text[host_len - 1] != ']')
			return -EINVAL;
		skip = 1;
		host_len -= 2;
	}
	if (!host_len || host_len >= sizeof(host) || kstrtou16(port, 10, &number))
		return -EINVAL;
	memcpy(host, text + skip, host_len);
	memset(addr, 0, sizeof(*addr));
	if (six) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(number);
		return in6_pton(host, host_len, in6->sin6_addr.s6_addr, -1,
				NULL) ? 0 : -EINVAL;
	}
	in->sin_family = AF_INET;
	in->sin_port = htons(number);
	return in4_pton(host, host_len, (u8 *)&in->sin_addr.s_addr, -1, NULL) ?
	       0 : -EINVAL;
}

/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* A program of cases that share one node w, made by scene.sh. */
#ifndef OCKAM_TEST_SCENE_H
#define OCKAM_TEST_SCENE_H

#include "sockets.h"

/* The harness's own main(), which exits, becomes run_cases() */
#define main run_cases
TEST_HARNESS_MAIN
#undef main

int main(int argc, char **argv)
{
	char home[] = "/tmp/ockam.XXXXXX", line[64];
	int rc = KSFT_FAIL;

	if (!mkdtemp(home) || setenv("OCKAM_HOME", home, 1) ||
	    system("./scene.sh up > /dev/null")) {
		printf("Bail out! no node to test\n");
		return KSFT_FAIL;
	}
	if (!fork())
		exit(run_cases(argc, argv));
	wait(&rc);
	if (system("./scene.sh down > /dev/null")) {
		printf("# the module does not leave\n");
		rc = KSFT_FAIL;
	}
	snprintf(line, sizeof(line), "rm -rf %s", home);
	return system(line) || rc ? KSFT_FAIL : KSFT_PASS;
}

#endif /* OCKAM_TEST_SCENE_H */

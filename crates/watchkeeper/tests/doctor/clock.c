/* Preloaded into a process, this makes its clocks wrong by as many seconds as the file $WATCHKEEPER_TEST_CLOCK says: two
 * numbers, for the clock that tells the time and for the one that only counts. The file is read anew each time, so that
 * a test can set a clock while the process runs. Nothing here allocates: an allocator may ask for the time while it starts. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void ahead(long *wall, long *counting) {
    char text[64] = "", *end = text;
    const char *path = getenv("WATCHKEEPER_TEST_CLOCK");
    int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        if (read(file, text, sizeof text - 1) < 0) text[0] = '\0';
        close(file);
    }
    *wall = strtol(text, &end, 10);
    *counting = strtol(end, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    long wall, counting;
    if (syscall(SYS_clock_gettime, clock, now) != 0) return -1;
    ahead(&wall, &counting);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += wall;
    if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_BOOTTIME) now->tv_sec += counting;
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &exact) != 0) return -1;
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec exact;
    if (clock_gettime(CLOCK_REALTIME, &exact) != 0) return (time_t)-1;
    if (out != NULL) *out = exact.tv_sec;
    return exact.tv_sec;
}

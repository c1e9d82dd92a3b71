/* store_folder.h - where a test's Redis or PostgreSQL keeps its data: in memory where there is room, for several stores on
 * one disk that stalls are not what is tested. */
#ifndef WR_TEST_STORE_FOLDER_H
#define WR_TEST_STORE_FOLDER_H
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#define STORE_ROOM (1UL << 30)

/* False: it cannot be made. */
static bool store_folder(char *out, size_t cap, const char *name)
{
    struct statvfs memory;
    bool room = statvfs("/dev/shm", &memory) == 0 && memory.f_bavail * memory.f_bsize > STORE_ROOM;
    snprintf(out, cap, "%s/wr-%s-XXXXXX", room ? "/dev/shm" : "/tmp", name);
    return mkdtemp(out) != NULL;
}

#endif

/* postgres.h - a PostgreSQL of the test's own: in a temporary folder, on a socket file, killed and started at
 * will. As root it runs as the user postgres, because the server refuses root. */
#ifndef WR_TEST_POSTGRES_H
#define WR_TEST_POSTGRES_H
#include "store_folder.h"
#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct postgres {
    char folder[64], url[160];
    pid_t pid;
};

static void postgres_run(const char *command)
{
    if (system(command) != 0) {
        fprintf(stderr, "failed: %s\n", command);
        exit(1);
    }
}

static void postgres_program(const char *name, char out[256])
{
    glob_t found;
    snprintf(out, 256, "/usr/lib/postgresql/*/bin/%s", name);
    if (glob(out, 0, NULL, &found) == 0)
        snprintf(out, 256, "%s", found.gl_pathv[found.gl_pathc - 1]);
    else
        snprintf(out, 256, "%s", name);
    globfree(&found);
}

static const char *postgres_as_user(void)
{
    return geteuid() == 0 ? "setpriv --reuid=postgres --regid=postgres --init-groups" : "";
}

static bool postgres_answers(const struct postgres *p)
{
    char command[512], program[256];
    postgres_program("pg_isready", program);
    snprintf(command, sizeof command, "%s -q -h %s -U postgres", program, p->folder);
    return system(command) == 0;
}

/* Waits until it answers. Right after a kill -9 the old server's children may still hold its memory: then
 * again. */
static void postgres_start(struct postgres *p)
{
    char program[256], command[1024];
    postgres_program("postgres", program);
    snprintf(command, sizeof command,
             "cd %s && exec %s %s -D %s/data -k %s -c listen_addresses= -c fsync=off -c max_connections=30 "
             ">>%s/log 2>&1",
             p->folder, postgres_as_user(), program, p->folder, p->folder, p->folder);
    for (int turn = 0; turn < 300; turn++) {
        if (p->pid == 0 && (p->pid = fork()) == 0) {
            execl("/bin/sh", "sh", "-c", command, (char *)NULL);
            _exit(127);
        }
        if (waitpid(p->pid, NULL, WNOHANG) == p->pid)
            p->pid = 0;
        else if (postgres_answers(p))
            return;
        usleep(50000);
    }
    fprintf(stderr, "PostgreSQL did not start: see %s/log\n", p->folder);
    exit(1);
}

static void postgres_make(struct postgres *p)
{
    char program[256], command[1024];
    *p = (struct postgres){0};
    if (!store_folder(p->folder, sizeof p->folder, "pg"))
        exit(1);
    if (geteuid() == 0) {
        snprintf(command, sizeof command, "chown postgres:postgres %s", p->folder);
        postgres_run(command);
    }
    postgres_program("initdb", program);
    snprintf(
        command, sizeof command,
        "cd %s && %s %s -A trust -U postgres --no-locale -E UTF8 --no-sync -D %s/data >%s/initdb.log 2>&1",
        p->folder, postgres_as_user(), program, p->folder, p->folder);
    postgres_run(command);
    snprintf(p->url, sizeof p->url, "postgresql:///postgres?host=%s&user=postgres", p->folder);
    postgres_start(p);
}

static void postgres_kill(struct postgres *p)
{
    kill(p->pid, SIGKILL);
    waitpid(p->pid, NULL, 0);
    p->pid = 0;
}

static void postgres_remove(struct postgres *p)
{
    char command[128];
    if (p->pid)
        postgres_kill(p);
    snprintf(command, sizeof command, "rm -rf '%s'", p->folder);
    for (int turn = 0; turn < 100 && system(command) != 0; turn++)
        usleep(50000); /* children of the killed server may still write */
}

#endif

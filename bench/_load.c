/* Load for bench/edge.py: keep-alive connections to 127.0.0.1 that throw their answers away in the kernel.

   _load PORT CONNECTIONS LENGTH < request
   The request's bytes are read from standard input up to an empty line; after them, one command a line:
     run SECONDS          ask again as soon as answered           -> "ANSWERS SECONDS"
     rate SECONDS PER_S   ask by the clock, whoever is free asks  -> "ANSWERS SECONDS P50_US P99_US LATE"
     share SECONDS        as run, and how it was shared           -> "ANSWERS SECONDS LEAST MEDIAN MOST" (bytes each)
   LENGTH is that of the body: the head's is found by the first answer. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char request[16384];
static size_t request_length;
static long whole;
static int connections, *socks, epoll;
static long *left, *taken;
static double *due;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void die(const char *words) {
    perror(words);
    exit(1);
}

static void ask(int i) {
    left[i] = whole;
    if (send(socks[i], request, request_length, MSG_NOSIGNAL) != (ssize_t)request_length) die("send");
}

static void first(int i, long body) {
    static char head[65536];
    size_t got = 0;
    char *end = NULL;
    if (send(socks[i], request, request_length, MSG_NOSIGNAL) != (ssize_t)request_length) die("send");
    while (!end) {
        ssize_t n = recv(socks[i], head + got, sizeof head - 1 - got, 0);
        if (n <= 0) die("the first answer");
        got += n;
        head[got] = 0;
        end = strstr(head, "\r\n\r\n");
    }
    if (strncmp(head, "HTTP/1.1 200", 12)) {
        fprintf(stderr, "answered: %.60s\n", head);
        exit(1);
    }
    whole = (end - head) + 4 + body;
    for (long rest = whole - (long)got; rest > 0;) {
        ssize_t n = recv(socks[i], NULL, rest > 1 << 20 ? 1 << 20 : rest, MSG_TRUNC);
        if (n <= 0) die("the first answer's body");
        rest -= n;
    }
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One round of events; returns how many answers ended, their connections in `ended`. */
static int take(int wait, int *ended) {
    struct epoll_event events[256];
    int n = epoll_wait(epoll, events, 256, wait), count = 0;
    for (int e = 0; e < n; e++) {
        int i = events[e].data.u32;
        ssize_t got = recv(socks[i], NULL, 1 << 20, MSG_TRUNC | MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN)) die("recv");
        if (got <= 0) continue;
        taken[i] += got;
        if ((left[i] -= got) == 0) ended[count++] = i;
    }
    return count;
}

static int by_size(const void *a, const void *b) {
    long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

static void run(double seconds, int shares) {
    static int ended[256];
    long *counted = malloc(sizeof *counted * connections);
    int stopped = 0, busy = connections;
    long answers = 0;
    double from = now(), end = from + seconds;
    for (int i = 0; i < connections; i++) {
        taken[i] = 0;
        ask(i);
    }
    while (busy) {
        int count = take(5000, ended);
        double at = now();
        if (at >= end && !stopped) {
            stopped = 1;
            memcpy(counted, taken, sizeof *counted * connections);
        }
        for (int e = 0; e < count; e++) {
            answers++;
            if (at < end) ask(ended[e]);
            else busy--;
        }
    }
    printf("%ld %.6f", answers, now() - from);
    if (shares) {
        qsort(counted, connections, sizeof *counted, by_size);
        printf(" %ld %ld %ld", counted[0], counted[connections / 2], counted[connections - 1]);
    }
    puts("");
    free(counted);
}

static void rate(double seconds, double per_second) {
    static int ended[256];
    long wanted = (long)(seconds * per_second), sent = 0, answers = 0, late = 0;
    double *took = malloc(sizeof *took * (wanted + 1)), from = now();
    int *idle = malloc(sizeof *idle * connections), free_ones = connections;
    for (int i = 0; i < connections; i++) idle[i] = i;
    while (answers < wanted) {
        double at = now();
        while (sent < wanted && from + sent / per_second <= at && free_ones) {
            int i = idle[--free_ones];
            due[i] = from + sent / per_second; /* waiting for a free connection counts: the viewer waits too */
            late += at - due[i] > 0.001;
            ask(i);
            sent++;
        }
        int count = take(0, ended);
        at = now();
        for (int e = 0; e < count; e++) {
            took[answers++] = at - due[ended[e]];
            idle[free_ones++] = ended[e];
        }
    }
    qsort(took, answers, sizeof *took, by_value);
    printf("%ld %.6f %.1f %.1f %ld\n", answers, now() - from, took[answers / 2] * 1e6, took[answers * 99 / 100] * 1e6,
           late);
    free(took);
    free(idle);
}

int main(int argc, char **argv) {
    char line[4096];
    if (argc != 4) return 2;
    int port = atoi(argv[1]);
    connections = atoi(argv[2]);
    long body = atol(argv[3]);
    while (fgets(line, sizeof line, stdin)) {
        size_t n = strlen(line);
        if (request_length + n + 2 > sizeof request) return 2;
        line[n - 1] = 0;
        request_length += sprintf(request + request_length, "%s\r\n", line);
        if (n == 1) break;
    }
    socks = calloc(connections, sizeof *socks);
    left = calloc(connections, sizeof *left);
    taken = calloc(connections, sizeof *taken);
    due = calloc(connections, sizeof *due);
    epoll = epoll_create1(0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < connections; i++) {
        int one = 1;
        socks[i] = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(socks[i], (struct sockaddr *)&to, sizeof to)) die("connect");
        setsockopt(socks[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        first(i, body);
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        epoll_ctl(epoll, EPOLL_CTL_ADD, socks[i], &event);
    }
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        double seconds, per_second;
        if (sscanf(line, "run %lf", &seconds) == 1) run(seconds, 0);
        else if (sscanf(line, "share %lf", &seconds) == 1) run(seconds, 1);
        else if (sscanf(line, "rate %lf %lf", &seconds, &per_second) == 2) rate(seconds, per_second);
        else return 2;
        fflush(stdout);
    }
    return 0;
}

/* The floor of bench/edge.py: what the kernel alone asks for. One epoll, one look for the end of the request, one
   send of a ready head and one sendfile; no token, no log, no range, no strictness. Not a server to run.

   _floor PORT FILE...   serves FILE number n at any target that ends in /n.m4s */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST 4096
static int files[16], count;
static off_t sizes[16];
static char heads[16][512];
static struct {
    int file, armed;
    off_t at;
} clients[MOST];

static void push(int epoll, int fd) {
    int n = clients[fd].file;
    while (clients[fd].at < sizes[n]) {
        ssize_t sent = sendfile(fd, files[n], &clients[fd].at, sizes[n] - clients[fd].at);
        if (sent < 0 && errno == EAGAIN) {
            if (!clients[fd].armed) {
                struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd};
                epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
                clients[fd].armed = 1;
            }
            return;
        }
        if (sent <= 0) exit(1);
    }
    clients[fd].file = -1;
}

int main(int argc, char **argv) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0), one = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event events[256], event = {.events = EPOLLIN, .data.fd = listener};
    if (argc < 3 || argc > 18) return 2;
    at.sin_port = htons(atoi(argv[1]));
    for (int i = 2; i < argc; i++, count++) {
        struct stat found;
        files[count] = open(argv[i], O_RDONLY);
        if (files[count] < 0 || fstat(files[count], &found)) return 1;
        posix_fadvise(files[count], 0, 0, POSIX_FADV_RANDOM);
        sizes[count] = found.st_size;
        sprintf(heads[count],
                "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 14:00:00 GMT\r\nContent-Type: video/mp4\r\n"
                "Content-Length: %lld\r\nETag: \"0123456789abcdef\"\r\n"
                "Cache-Control: public, max-age=31536000, immutable\r\nAccess-Control-Allow-Origin: *\r\n\r\n",
                (long long)found.st_size);
    }
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 1024)) return 1;
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int n = epoll_wait(epoll, events, 256, -1);
        for (int e = 0; e < n; e++) {
            int fd = events[e].data.fd;
            if (fd == listener) {
                fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (fd < 0 || fd >= MOST) return 1;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                event = (struct epoll_event){.events = EPOLLIN | EPOLLET, .data.fd = fd};
                clients[fd].file = -1;
                clients[fd].armed = 0;
                epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
                continue;
            }
            if (clients[fd].file >= 0) {
                push(epoll, fd);
                continue;
            }
            char got[16384];
            ssize_t length = recv(fd, got, sizeof got - 1, 0);
            if (length < 0 && errno == EAGAIN) continue;
            if (length <= 0) {
                close(fd);
                continue;
            }
            got[length] = 0;
            char *found = strstr(got, ".m4s"), *slash;
            if (!found || !strstr(got, "\r\n\r\n")) return 1;
            for (slash = found; *slash != '/'; slash--);
            int number = atoi(slash + 1);
            if (number < 0 || number >= count) return 1;
            clients[fd].file = number;
            clients[fd].at = 0;
            if (send(fd, heads[number], strlen(heads[number]), MSG_MORE) < 0) return 1;
            push(epoll, fd);
        }
    }
}

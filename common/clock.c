#include "common/clock.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_MS 1000000u

int64_t clock_wall_ms(void)
{
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / NS_PER_MS;
}

uint64_t clock_mono_ns(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

deadline_ns deadline_in_ms(uint64_t ms)
{
        uint64_t now = clock_mono_ns();

        if (ms >= (DEADLINE_NEVER - now) / NS_PER_MS)
                return DEADLINE_NEVER;
        return now + ms * NS_PER_MS;
}

bool deadline_passed(deadline_ns deadline)
{
        return deadline != DEADLINE_NEVER && clock_mono_ns() >= deadline;
}

uint32_t deadline_left_ms(deadline_ns deadline)
{
        uint64_t now, left;

        if (deadline == DEADLINE_NEVER)
                return UINT32_MAX;
        now = clock_mono_ns();
        if (now >= deadline)
                return 0;
        left = (deadline - now + NS_PER_MS - 1) / NS_PER_MS;
        return left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
}

size_t clock_format(int64_t wall_ms, char *ret, size_t size)
{
        int64_t ms = wall_ms % 1000;
        time_t seconds = (time_t)(wall_ms / 1000);
        struct tm tm;

        if (ms < 0) {
                ms += 1000;
                seconds--;
        }
        if (!gmtime_r(&seconds, &tm)) {
                seconds = 0;
                gmtime_r(&seconds, &tm);
        }
        int n = snprintf(ret, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
                         tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)ms);
        return n < 0 ? 0 : (size_t)n;
}

/* Reads exactly n digits. */
static bool digits(const char **at, int n, int *ret)
{
        *ret = 0;
        for (int i = 0; i < n; i++, (*at)++) {
                if (!isdigit((unsigned char)**at))
                        return false;
                *ret = *ret * 10 + (**at - '0');
        }
        return true;
}

static bool expect(const char **at, const char *any)
{
        if (!**at || !strchr(any, **at))
                return false;
        (*at)++;
        return true;
}

static int fraction_ms(const char **at)
{
        int ms = 0, scale = 100;

        for (; isdigit((unsigned char)**at); (*at)++, scale /= 10)
                ms += (**at - '0') * scale;
        return ms;
}

static bool zone_minutes(const char **at, int *ret)
{
        int sign = **at == '-' ? -1 : 1, hours, minutes;

        *ret = 0;
        if (expect(at, "Zz"))
                return true;
        if (!expect(at, "+-") || !digits(at, 2, &hours) || !expect(at, ":") ||
            !digits(at, 2, &minutes) || hours > 23 || minutes > 59)
                return false;
        *ret = sign * (hours * 60 + minutes);
        return true;
}

bool clock_parse(const char *text, int64_t *ret_wall_ms)
{
        struct tm tm = {0};
        int year, month, ms = 0, zone;

        if (!digits(&text, 4, &year) || !expect(&text, "-") || !digits(&text, 2, &month) ||
            !expect(&text, "-") || !digits(&text, 2, &tm.tm_mday) || !expect(&text, "Tt ") ||
            !digits(&text, 2, &tm.tm_hour) || !expect(&text, ":") ||
            !digits(&text, 2, &tm.tm_min) || !expect(&text, ":") || !digits(&text, 2, &tm.tm_sec))
                return false;
        if (expect(&text, ".")) {
                if (!isdigit((unsigned char)*text))
                        return false;
                ms = fraction_ms(&text);
        }
        if (!zone_minutes(&text, &zone) || *text)
                return false;
        if (month < 1 || month > 12 || tm.tm_mday < 1 || tm.tm_hour > 23 || tm.tm_min > 59 ||
            tm.tm_sec > 60)
                return false;
        tm.tm_year = year - 1900;
        tm.tm_mon = month - 1;
        /* A leap second is the same moment as the next minute's first; added afterwards, since
         * timegm() may carry it into the next day. */
        int day = tm.tm_mday, leap_second = tm.tm_sec == 60;
        tm.tm_sec -= leap_second;
        time_t seconds = timegm(&tm);
        /* timegm() moves February 30 into March: no such day. */
        if (tm.tm_mday != day)
                return false;
        *ret_wall_ms = ((int64_t)seconds + leap_second - (int64_t)zone * 60) * 1000 + ms;
        return true;
}

#include "common/clock.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_MS 1000000u
#define DAY_MS    86400000
/* What has four digits of a year: 0000-01-01 to 9999-12-31. */
#define CLOCK_MIN_MS INT64_C(-62167219200000)
#define CLOCK_MAX_MS INT64_C(253402300799999)

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

void clock_cond_init(pthread_cond_t *cond)
{
        pthread_condattr_t attributes;

        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(cond, &attributes);
        pthread_condattr_destroy(&attributes);
}

bool clock_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, deadline_ns deadline)
{
        if (deadline == DEADLINE_NEVER)
                return pthread_cond_wait(cond, mutex) == 0;

        struct timespec moment = {
                .tv_sec = (time_t)(deadline / 1000000000),
                .tv_nsec = (long)(deadline % 1000000000),
        };
        return pthread_cond_timedwait(cond, mutex, &moment) == 0;
}

static char *put_digits(char *at, unsigned value, int n)
{
        for (int i = n - 1; i >= 0; i--, value /= 10)
                at[i] = (char)('0' + value % 10);
        return at + n;
}

/* The date of a day counted from 1970-01-01, in the proleptic Gregorian calendar. Years are counted
 * from March, so that the day that comes and goes is the last, in eras of 400 years. */
static char *put_date(char *at, int64_t day)
{
        int64_t shifted = day + 719468; /* from 0000-03-01 */
        int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
        unsigned of_era = (unsigned)(shifted - era * 146097);
        unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
        unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
        unsigned month = (5 * of_year + 2) / 153;
        unsigned civil_month = month < 10 ? month + 3 : month - 9;

        at = put_digits(at, (unsigned)(era * 400 + year + (civil_month <= 2)), 4);
        *at++ = '-';
        at = put_digits(at, civil_month, 2);
        *at++ = '-';
        return put_digits(at, of_year - (153 * month + 2) / 5 + 1, 2);
}

size_t clock_format(int64_t wall_ms, char *ret, size_t size)
{
        char text[32], *at;
        int64_t day, ms;

        /* By hand: every answer carries a time, and gmtime_r() with snprintf() showed in profiles.
         */
        if (wall_ms < CLOCK_MIN_MS || wall_ms > CLOCK_MAX_MS)
                wall_ms = 0;
        ms = wall_ms % DAY_MS;
        day = wall_ms / DAY_MS;
        if (ms < 0) {
                ms += DAY_MS;
                day--;
        }
        at = put_date(text, day);
        *at++ = 'T';
        at = put_digits(at, (unsigned)(ms / 3600000), 2);
        *at++ = ':';
        at = put_digits(at, (unsigned)(ms / 60000 % 60), 2);
        *at++ = ':';
        at = put_digits(at, (unsigned)(ms / 1000 % 60), 2);
        *at++ = '.';
        at = put_digits(at, (unsigned)(ms % 1000), 3);
        *at++ = 'Z';
        size_t n = (size_t)(at - text), kept = n < size ? n : size ? size - 1 : 0;
        memcpy(ret, text, kept);
        if (size)
                ret[kept] = '\0';
        return n;
}

void clock_format_basic(int64_t wall_ms, char *ret, size_t size)
{
        char text[32], *end = ret;

        clock_format(wall_ms, text, sizeof(text));
        for (const char *at = text; *at && end + 1 < ret + size; at++)
                if (*at != '-' && *at != ':')
                        *end++ = *at;
        *end = '\0';
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

/* file_test.c - files keep the storage contract; what can go wrong with them is said clearly. */
#include "tests/unit/storage/conformance.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/core/mem.h"
#include "tests/support/folder.h"

typedef struct fixture {
    tide_storage *storage;
    char folder[TIDE_TEST_FOLDER_BYTES];
} fixture;

static int setup(void **state)
{
    fixture *f = tide_calloc(1, sizeof *f);
    assert_true(tide_test_folder_new("storage", f->folder));
    assert_int_equal(tide_storage_open(f->folder, &f->storage), TIDE_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    tide_storage_free(&f->storage);
    assert_null(f->storage);
    bool removed = tide_test_folder_remove(f->folder);
    tide_free(f);
    return !removed;
}

static const char *path_of(const fixture *f, const char *name)
{
    static _Thread_local char path[256];
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    return path;
}

static void a_url_or_a_path_names_the_folder(void **state)
{
    fixture *f = *state;
    tide_storage *other;
    char url[128];
    snprintf(url, sizeof url, "file://%s/deep/er", f->folder);
    assert_int_equal(tide_storage_open(url, &other), TIDE_OK);
    assert_int_equal(storage_put(other, "k", "x"), TIDE_OK);
    tide_storage_free(&other);
    storage_assert(f->storage, "deep/er/k", "x");
    assert_int_equal(tide_storage_open("s3://bucket/x", &other), TIDE_E_OPTION);
    assert_string_equal(tide_error_text(),
                        "no storage at \"s3://bucket/x\": use file:///FOLDER, or a path");
    assert_int_equal(tide_storage_open("file://host/x", &other), TIDE_E_OPTION);
    assert_int_equal(tide_storage_open("", &other), TIDE_E_OPTION);
    assert_null(other);
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
    fixture *f = *state;
    tide_storage *other;
    assert_int_equal(storage_put(f->storage, "file", "x"), TIDE_OK);
    assert_int_equal(tide_storage_open(path_of(f, "file"), &other), TIDE_E_IO);
    assert_non_null(
        strstr(tide_error_text(), "storage needs a folder that this user may write (/"));
    assert_int_equal(tide_storage_open(path_of(f, "file/below"), &other), TIDE_E_IO);
    assert_int_equal(tide_storage_open("/proc/nothing/here", &other), TIDE_E_IO);
    assert_non_null(strstr(tide_error_text(), "/proc/nothing/here"));
    assert_null(other);
}

static uint32_t count_temporaries(const fixture *f)
{
    struct stat stat_of;
    assert_int_equal(stat(path_of(f, "~tmp"), &stat_of), 0);
    return rmdir(path_of(f, "~tmp")) == 0 ? mkdir(path_of(f, "~tmp"), 0777) != 0 : 1;
}

static void nothing_temporary_is_left(void **state)
{
    fixture *f = *state;
    assert_int_equal(storage_put(f->storage, "a/b", "x"), TIDE_OK);
    assert_int_equal(storage_put_if_absent(f->storage, "a/b", "x"), TIDE_E_EXISTS);
    assert_int_equal(storage_put(f->storage, "a", "x"), TIDE_E_INVALID);
    assert_int_equal(storage_put_if_absent(f->storage, "a/b/c", "x"), TIDE_E_INVALID);
    assert_int_equal(count_temporaries(f), 0);
}

/* Every file beyond 1,000 bytes meets a full disk. In a child, since the limit is the process's. */
static void a_full_disk_is_told_and_leaves_nothing(void **state)
{
    fixture *f = *state;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        char big[4000];
        memset(big, 'x', sizeof big);
        struct rlimit limit = { 1000, 1000 };
        signal(SIGXFSZ, SIG_IGN);
        tide_storage *s = f->storage;
        bool ok = setrlimit(RLIMIT_FSIZE, &limit) == 0 && storage_put(s, "k", "small") == TIDE_OK &&
                  s->vt->put(s, "k", big, sizeof big) == TIDE_E_NO_SPACE &&
                  s->vt->put_if_absent(s, "new", big, sizeof big) == TIDE_E_NO_SPACE &&
                  strstr(tide_error_text(), f->folder) != NULL;
        _exit(ok ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    storage_assert(f->storage, "k", "small");
    storage_assert(f->storage, "new", NULL);
    assert_int_equal(count_temporaries(f), 0);
}

static void a_folder_that_went_away_is_told(void **state)
{
    fixture *f = *state;
    assert_int_equal(rmdir(path_of(f, "~tmp")), 0);
    assert_int_equal(storage_put(f->storage, "k", "x"), TIDE_E_IO);
    assert_non_null(strstr(tide_error_text(), "No such file or directory"));
    assert_non_null(strstr(tide_error_text(), f->folder));
    assert_int_equal(mkdir(path_of(f, "~tmp"), 0777), 0);
    assert_int_equal(storage_put(f->storage, "k", "x"), TIDE_OK);
}

/* Makes the object, then fails: the folder may be written and searched but not opened, so that the
 * link is made and cannot be synced. As another user if need be: nothing stops root. */
static tide_status try_in_unreadable_folder(const fixture *f, const char *key, const char *text)
{
    bool is_root = geteuid() == 0;
    assert_int_equal(chmod(f->folder, 0711), 0);
    assert_int_equal(chmod(path_of(f, "~tmp"), 0777), 0);
    assert_int_equal(chmod(path_of(f, "log"), 0333), 0);
    if (is_root) assert_int_equal(seteuid(65534), 0);
    tide_status rv = storage_put_if_absent(f->storage, key, text);
    if (is_root) assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(path_of(f, "log"), 0755), 0);
    return rv;
}

/* Only for the writer whose answer was lost, only for the same bytes, and once. */
static void an_own_earlier_try_counts_as_done(void **state)
{
    fixture *f = *state;
    tide_storage *other;
    assert_int_equal(tide_storage_open(f->folder, &other), TIDE_OK);
    assert_int_equal(storage_put(f->storage, "log/0", "zero"), TIDE_OK);
    assert_int_equal(try_in_unreadable_folder(f, "log/1", "one"), TIDE_E_IO);
    storage_assert(f->storage, "log/1", "one");
    assert_int_equal(storage_put_if_absent(other, "log/1", "one"), TIDE_E_EXISTS);
    assert_int_equal(storage_put_if_absent(f->storage, "log/1", "two"), TIDE_E_EXISTS);
    assert_int_equal(storage_put_if_absent(f->storage, "log/1", "one"), TIDE_OK);
    assert_int_equal(storage_put_if_absent(f->storage, "log/1", "one"), TIDE_E_EXISTS);
    tide_storage_free(&other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_url_or_a_path_names_the_folder), TEST(a_folder_that_cannot_be_made_is_named),
        TEST(nothing_temporary_is_left),        TEST(a_full_disk_is_told_and_leaves_nothing),
        TEST(a_folder_that_went_away_is_told),  TEST(an_own_earlier_try_counts_as_done),
    };
#undef TEST
    int failed = storage_conformance("file", setup, teardown);
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}

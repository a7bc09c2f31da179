/* submit.c - a program that submits a job in SQL to a cluster and waits for its end.
 *
 *     cc -Ijobapi/include -o submit examples/submit/submit.c -Lbuild/release -ltidemill
 *     tidemill cluster start -w 2 --slots 2 --rest-port 8081
 *     ./submit 'SELECT 1 AS one' */
#include <stdio.h>
#include <tidemill/client.h>

int main(int argc, char **argv)
{
    const char *sql = argc > 1 ? argv[1] : "SELECT 1 AS one";
    tide_cluster *cluster = tide_cluster_connect(NULL, NULL);
    const tide_submission how = { TIDE_SIZED(tide_submission), .name = "submitted",
                                  .parallelism = 2 };
    char job[TIDE_JOB_ID_BYTES];
    int result = tide_cluster_submit_sql(cluster, sql, &how, job);
    if (result == TIDE_DONE) {
        printf("%s\n", job);
        result = tide_cluster_wait(cluster, job, NULL, 60000);
    }
    if (result != TIDE_DONE) fprintf(stderr, "%s\n", tide_cluster_error(cluster));
    tide_cluster_close(&cluster);
    return result;
}

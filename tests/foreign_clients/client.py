"""pymssql on the sandbox: client.py PORT USER PASSWORD everything|many. Fails by assertion."""

import datetime
import sys

import pymssql

port, user, password, task = sys.argv[1:]
connection = pymssql.connect(
    server="127.0.0.1", port=port, user=user, password=password, database="SUSDB", autocommit=True
)
cursor = connection.cursor()


def everything():
    # Parameters, Unicode, NULL, dates.
    cursor.execute("SELECT COUNT(*) FROM tbUpdate WHERE IsHidden = %d", (0,))
    assert cursor.fetchone()[0] > 300
    cursor.execute(
        "SELECT DefaultTitle, ArrivalDate, SecurityBulletin FROM PUBLIC_VIEWS.vUpdate WHERE KnowledgebaseArticle = %s",
        ("5060842",),
    )
    rows = cursor.fetchall()
    assert len(rows) == 4, rows
    assert all(isinstance(row[1], datetime.datetime) for row in rows), rows
    cursor.execute("SELECT Name FROM tbTargetGroup WHERE Name = %s", ("ZWEIGSTELLE MÜNCHEN  ",))
    assert cursor.fetchone() == ("Zweigstelle München",)

    # A procedure by name with parameters, its effect, and an error of it.
    group = "33333333-3333-3333-3333-333333333333"
    cursor.callproc("spCreateTargetGroup", ("Ring X", group))
    while cursor.nextset():
        pass
    cursor.execute("SELECT Name FROM tbTargetGroup WHERE TargetGroupID = %s", (group,))
    assert cursor.fetchone() == ("Ring X",)
    try:
        cursor.callproc("spCreateTargetGroup", ("ring x", "44444444-4444-4444-4444-444444444444"))
        while cursor.nextset():
            pass
    except pymssql.Error as error:
        assert error.args[0] == 50000, error.args
    else:
        raise AssertionError("creating a group twice raised nothing")

    # An OUT parameter and a return code.
    lock = cursor.callproc("sp_getapplock", ("probe", "Exclusive", "Session", 0))
    assert lock[0] == "probe", lock

    # Several result sets.
    cursor.execute("SELECT 1 AS one; SELECT 2 AS two, N'x' AS letter")
    assert cursor.fetchall() == [(1,)]
    assert cursor.nextset()
    assert cursor.fetchall() == [(2, "x")]

    # Errors of other kinds leave the connection usable.
    for sql, number in [("SELECT * FROM nowhere", 208), ("SELECT (1", 102), ("SELEC 1", 2812), ("UPDATE tbUpdate SET IsHidden = 1", 229)]:
        try:
            cursor.execute(sql)
        except pymssql.Error as error:
            assert error.args[0] == number, (sql, error.args)
        else:
            raise AssertionError(f"{sql} raised nothing")
    cursor.execute("SELECT 1")
    assert cursor.fetchone() == (1,)


def many():
    cursor.execute(
        "SELECT TOP (200000) a.UpdateID, b.LocalUpdateID, a.LegacyName FROM tbUpdate a CROSS JOIN tbUpdate b "
        "CROSS JOIN tbTargetGroup c"
    )
    rows = 0
    while True:
        batch = cursor.fetchmany(10_000)
        if not batch:
            break
        rows += len(batch)
    assert rows == 200_000, rows


{"everything": everything, "many": many}[task]()
connection.close()
print("passed")

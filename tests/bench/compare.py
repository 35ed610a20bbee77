"""The comparison as a Linux administrator would write it: which of these approvals does the server not have?

    compare.py HOST PORT USER APPROVALS.csv      (update id, group name; the password is in WSUSCTL_PASSWORD)

Straightforward, and no straw man: lists of 1,000 ids a statement, one pass over each answer, dictionaries.
"""

import csv
import os
import sys

import pymssql

UPDATES = """
SELECT u.UpdateID, u.IsHidden, r.RevisionID, r.RevisionNumber
FROM dbo.tbUpdate u INNER JOIN dbo.tbRevision r ON r.LocalUpdateID = u.LocalUpdateID
WHERE r.IsLatestRevision = 1 AND u.UpdateID IN ({})"""
TITLES = """
SELECT u.UpdateID, t.Title
FROM dbo.tbUpdate u INNER JOIN dbo.tbRevision r ON r.LocalUpdateID = u.LocalUpdateID
INNER JOIN dbo.tbPreComputedLocalizedProperty t ON t.RevisionID = r.RevisionID
WHERE r.IsLatestRevision = 1 AND t.ShortLanguage = 'en' AND u.UpdateID IN ({})"""
DEPLOYMENTS = """
SELECT u.UpdateID, d.TargetGroupID, d.ActionID, d.Deadline, d.IsAssigned, d.AdminName
FROM dbo.tbDeployment d INNER JOIN dbo.tbRevision r ON r.RevisionID = d.RevisionID
INNER JOIN dbo.tbUpdate u ON u.LocalUpdateID = r.LocalUpdateID
WHERE d.TargetGroupTypeID = 0 AND u.UpdateID IN ({})"""


def chunks(values, size=1000):
    for start in range(0, len(values), size):
        yield values[start : start + size]


def rows(cursor, text, ids):
    for chunk in chunks(ids):
        cursor.execute(text.format(", ".join(f"'{id}'" for id in chunk)))
        yield from cursor.fetchall()


def main():
    host, port, user, file = sys.argv[1:]
    with open(file, newline="") as lines:
        declared = [(id.lower(), group) for id, group in csv.reader(lines)]
    ids = sorted({id for id, _ in declared})
    connection = pymssql.connect(
        server=host, port=port, user=user, password=os.environ["WSUSCTL_PASSWORD"], database="SUSDB", encryption="off"
    )
    cursor = connection.cursor()
    cursor.execute("SELECT TargetGroupID, Name FROM dbo.tbTargetGroup")
    groups = {name: id for id, name in cursor.fetchall()}
    updates = {str(row[0]).lower(): row for row in rows(cursor, UPDATES, ids)}
    titles = {str(id).lower(): title for id, title in rows(cursor, TITLES, ids)}
    approved = {(str(row[0]).lower(), row[1]): row for row in rows(cursor, DEPLOYMENTS, ids)}
    differences = 0
    for id, group in declared:
        update, approval = updates.get(id), approved.get((id, groups.get(group)))
        if update is None or update[1] or approval is None or approval[2] != 0 or approval[3] is not None:
            print(f"{titles.get(id, id)}: not approved for {group}")
            differences += 1
    print(f"{len(declared)} approvals, {differences} differences")


main()

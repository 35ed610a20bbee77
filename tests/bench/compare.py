"""The comparison as a Linux administrator would write it: which of these approvals does the server not have?

    compare.py HOST PORT USER APPROVALS.csv [whole]      (update id, group name; the password is in WSUSCTL_PASSWORD)
    compare.py HOST PORT USER SELECTORS.csv selectors    (pattern of LIKE for titles, group name)

Straightforward, and no straw man: lists of 1,000 ids a statement, one pass over each answer, dictionaries. With `whole` it
says of every difference what a plan says: article, computers that need the update, bytes, who removed the approval.
Selectors are conditions of a WHERE, the server's work.
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

ARTICLES = """
SELECT u.UpdateID, k.KBArticleID
FROM dbo.tbUpdate u INNER JOIN dbo.tbRevision r ON r.LocalUpdateID = u.LocalUpdateID
INNER JOIN dbo.tbKBArticleForRevision k ON k.RevisionID = r.RevisionID
WHERE r.IsLatestRevision = 1 AND u.UpdateID IN ({})"""
NEEDED = """
SELECT u.UpdateID, m.TargetGroupID, COUNT(*)
FROM dbo.tbUpdate u INNER JOIN dbo.tbUpdateStatusPerComputer s ON s.LocalUpdateID = u.LocalUpdateID
INNER JOIN dbo.tbExpandedTargetInTargetGroup m ON m.TargetID = s.TargetID
WHERE s.SummarizationState IN (2, 3, 5, 6) AND u.UpdateID IN ({}) AND m.TargetGroupID IN ({})
GROUP BY u.UpdateID, m.TargetGroupID"""
BYTES = """
SELECT u.UpdateID, SUM(f.Size)
FROM dbo.tbUpdate u INNER JOIN dbo.tbRevision r ON r.LocalUpdateID = u.LocalUpdateID
INNER JOIN dbo.tbFileForRevision x ON x.RevisionID = r.RevisionID INNER JOIN dbo.tbFile f ON f.FileDigest = x.FileDigest
WHERE r.IsLatestRevision = 1 AND x.PatchingType IN (0, 1) AND f.IsEula = 0 AND u.UpdateID IN ({})
GROUP BY u.UpdateID"""
REMOVED = """
SELECT UpdateID, TargetGroupID, AdminNameWhoDeleted, TimeOfDeath
FROM dbo.tbDeadDeployment
WHERE TargetGroupTypeID = 0 AND ActionID IN (0, 1, 3) AND UpdateID IN ({})
ORDER BY TimeOfDeath"""

SELECTED = """
SELECT u.UpdateID, t.Title
FROM dbo.tbUpdate u INNER JOIN dbo.tbRevision r ON r.LocalUpdateID = u.LocalUpdateID
INNER JOIN dbo.tbProperty p ON p.RevisionID = r.RevisionID
INNER JOIN dbo.tbPreComputedLocalizedProperty t ON t.RevisionID = r.RevisionID AND t.ShortLanguage = 'en'
WHERE r.IsLatestRevision = 1 AND u.IsHidden = 0 AND p.ExplicitlyDeployable = 1 AND p.PublicationState = 0 AND t.Title LIKE %s
AND NOT EXISTS (SELECT 1 FROM dbo.tbRevisionSupersedesUpdate s INNER JOIN dbo.tbRevision sr ON sr.RevisionID = s.RevisionID
    WHERE s.SupersededUpdateID = u.UpdateID AND sr.IsLatestRevision = 1 AND sr.LocalUpdateID <> u.LocalUpdateID)"""
APPROVED = """
SELECT u.UpdateID, d.ActionID, d.Deadline
FROM dbo.tbDeployment d INNER JOIN dbo.tbRevision r ON r.RevisionID = d.RevisionID
INNER JOIN dbo.tbUpdate u ON u.LocalUpdateID = r.LocalUpdateID
WHERE d.TargetGroupTypeID = 0 AND r.IsLatestRevision = 1 AND d.TargetGroupID = %s"""


def chunks(values, size=1000):
    for start in range(0, len(values), size):
        yield values[start : start + size]


def listed(ids):
    return ", ".join(f"'{id}'" for id in ids)


def rows(cursor, text, ids, *others):
    for chunk in chunks(ids):
        cursor.execute(text.format(listed(chunk), *others))
        yield from cursor.fetchall()


def impact(cursor, missing, groups):
    """What a plan says beside each of the missing approvals."""
    ids = sorted({id for id, _ in missing})
    articles = {str(id).lower(): kb for id, kb in rows(cursor, ARTICLES, ids)}
    bytes = {str(id).lower(): size for id, size in rows(cursor, BYTES, ids)}
    removed = {(str(id).lower(), group): (by, at) for id, group, by, at in rows(cursor, REMOVED, ids)}
    concerned = listed({groups[group] for _, group in missing if group in groups})
    needed = {(str(id).lower(), group): count for id, group, count in rows(cursor, NEEDED, ids, concerned)} if concerned else {}
    for id, group in missing:
        pair = (id, groups.get(group))
        print(f"{id} KB{articles.get(id)}: {needed.get(pair, 0)} computers, {bytes.get(id)} bytes, {removed.get(pair)}")


def selectors(cursor, groups, declared):
    """What the selectors choose and the server does not have."""
    missing = chosen = 0
    for pattern, group in declared:
        cursor.execute(APPROVED, (str(groups[group]),))
        approved = {str(id).lower() for id, action, deadline in cursor.fetchall() if action == 0 and deadline is None}
        cursor.execute(SELECTED, (pattern,))
        for id, title in cursor.fetchall():
            chosen += 1
            if str(id).lower() not in approved:
                print(f"{title}: not approved for {group}")
                missing += 1
    print(f"{chosen} approvals, {missing} differences")


def main():
    host, port, user, file = sys.argv[1:5]
    with open(file, newline="") as lines:
        declared = [tuple(row) for row in csv.reader(lines)]
    connection = pymssql.connect(
        server=host, port=port, user=user, password=os.environ["WSUSCTL_PASSWORD"], database="SUSDB", encryption="off"
    )
    cursor = connection.cursor()
    cursor.execute("SELECT TargetGroupID, Name FROM dbo.tbTargetGroup")
    groups = {name: id for id, name in cursor.fetchall()}
    if sys.argv[5:] == ["selectors"]:
        return selectors(cursor, groups, declared)
    by_id(cursor, groups, [(id.lower(), group) for id, group in declared], sys.argv[5:] == ["whole"])


def by_id(cursor, groups, declared, whole):
    ids = sorted({id for id, _ in declared})
    updates = {str(row[0]).lower(): row for row in rows(cursor, UPDATES, ids)}
    titles = {str(id).lower(): title for id, title in rows(cursor, TITLES, ids)}
    approved = {(str(row[0]).lower(), row[1]): row for row in rows(cursor, DEPLOYMENTS, ids)}
    missing = []
    for id, group in declared:
        update, approval = updates.get(id), approved.get((id, groups.get(group)))
        if update is None or update[1] or approval is None or approval[2] != 0 or approval[3] is not None:
            print(f"{titles.get(id, id)}: not approved for {group}")
            missing.append((id, group))
    if whole:
        impact(cursor, missing, groups)
    print(f"{len(declared)} approvals, {len(missing)} differences")


main()

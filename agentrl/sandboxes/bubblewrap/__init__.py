"""The backend that needs no engine: namespaces made by bubblewrap.

A sandbox is a folder: a tree of files that its processes have as ``/``, with the machine's ``/usr``
read-only in it. A program gets namespaces of its own each time, in two steps. The first, the
airlock, has nothing but the machine's ``/usr`` and the tree at ``/tree``; there every privilege
over the machine is given up. Only the second goes into the tree, which is hostile: whatever links
and files it holds, nothing that could harm the machine ever follows or loads them.
"""

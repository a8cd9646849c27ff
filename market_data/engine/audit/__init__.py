"""What is stored, checked against itself: no call is made unless somebody asks for a repair.

Each check is a declaration (`rules`, or `chain` for what takes two bars) that says in SQL which rows contradict each
other, within a tolerance that published history was measured with; see docs/decisions/audit.md.
"""

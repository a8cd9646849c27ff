"""The fewest vertices that touch every edge of a bipartite graph: Hopcroft-Karp matching, then Kőnig's theorem."""

from collections import deque
from collections.abc import Iterator

Edges = dict[int, list[int]]  # left vertex: its right vertices


class Matching:
    """Pairs of vertices, none in two pairs."""

    def __init__(self, edges: Edges) -> None:
        self.edges = edges
        self.right_of: dict[int, int] = {}
        self.left_of: dict[int, int] = {}

    def depths(self) -> dict[int, int]:
        """Return the left vertices that alternating paths from unmatched ones reach, with the shortest lengths."""
        depth = {left: 0 for left in self.edges if left not in self.right_of}
        queue = deque(depth)
        while queue:
            left = queue.popleft()
            for right in self.edges[left]:
                mate = self.left_of.get(right)
                if mate is not None and mate not in depth:
                    depth[mate] = depth[left] + 1
                    queue.append(mate)
        return depth

    def grow(self) -> bool:
        """Augment along shortest paths; return whether there were any."""
        depth = self.depths()
        untried = {left: iter(rights) for left, rights in self.edges.items()}
        free = [left for left in self.edges if left not in self.right_of]
        return sum(self.augment(left, depth, untried) for left in free) > 0

    def augment(self, root: int, depth: dict[int, int], untried: dict[int, Iterator[int]]) -> bool:
        lefts, rights = [root], list[int]()
        while lefts:
            for right in untried[lefts[-1]]:
                mate = self.left_of.get(right)
                if mate is None:
                    self.pair(lefts, [*rights, right])
                    return True
                if depth[mate] == depth[lefts[-1]] + 1:
                    lefts.append(mate)
                    rights.append(right)
                    break
            else:
                lefts.pop()
                del rights[-1:]
        return False

    def pair(self, lefts: list[int], rights: list[int]) -> None:
        self.right_of.update(zip(lefts, rights, strict=True))
        self.left_of.update(zip(rights, lefts, strict=True))


def minimum_cover(edges: Edges) -> tuple[set[int], set[int]]:
    """Return left and right vertices, as few as possible together and of those covers the one with most left."""
    matching = Matching(edges)
    while matching.grow():
        pass
    reached = matching.depths()
    return edges.keys() - reached.keys(), {right for left in reached for right in edges[left]}

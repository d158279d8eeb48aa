"""Lays a piece of skin flat with little stretching, so that a print can be put on it.

As-rigid-as-possible: triangles are turned one by one to fit the flat mesh, then the flat mesh is
made to fit the turned triangles (Liu et al., A Local/Global Approach to Mesh Parameterization,
SGP 2008).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Faces = NDArray[np.int64]

_ROUNDS = 40


def flatten(vertices: Numbers, faces: Faces, start: Numbers) -> Numbers:
    """Lays a mesh (a disc) flat.

    Args:
        vertices: (n, 3).
        faces: (m, 3).
        start: A first guess (n, 2).

    Returns:
        (n, 2), in the unit of ``vertices``; turned and moved anyhow.
    """
    corners = _own_planes(vertices, faces)
    weights = _cotangents(corners)
    solve = _solver(faces, weights, len(vertices))
    flat = start
    for _ in range(_ROUNDS):
        turns = _turns(corners, weights, flat[faces])
        right = np.zeros((len(vertices), 2))
        for k in range(3):
            i, j = (k + 1) % 3, (k + 2) % 3
            edges = np.einsum("fi,fij->fj", corners[:, i] - corners[:, j], turns)
            np.add.at(right, faces[:, i], weights[:, k, None] * edges)
            np.add.at(right, faces[:, j], -weights[:, k, None] * edges)
        flat = np.column_stack((solve(right[:, 0]), solve(right[:, 1])))
    return flat


def _own_planes(vertices: Numbers, faces: Faces) -> Numbers:
    """Each triangle laid flat by itself: (m, 3, 2)."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    length = np.linalg.norm(b - a, axis=1)
    along = (b - a) / length[:, None]
    part = ((c - a) * along).sum(1)
    corners = np.zeros((len(faces), 3, 2))
    corners[:, 1, 0] = length
    corners[:, 2, 0] = part
    corners[:, 2, 1] = np.linalg.norm((c - a) - along * part[:, None], axis=1)
    return corners


def _cotangents(corners: Numbers) -> Numbers:
    result = np.empty(corners.shape[:2])
    for k in range(3):
        p, q = corners[:, (k + 1) % 3] - corners[:, k], corners[:, (k + 2) % 3] - corners[:, k]
        area = np.abs(p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0])
        result[:, k] = (p * q).sum(1) / (area + 1e-9)
    return np.clip(result, 0.02, 20)


def _solver(faces: Faces, weights: Numbers, size: int) -> Any:
    from scipy import sparse
    from scipy.sparse.linalg import factorized

    first = np.concatenate([faces[:, (k + 1) % 3] for k in range(3)])
    second = np.concatenate([faces[:, (k + 2) % 3] for k in range(3)])
    values = weights.T.ravel()
    places = (np.r_[first, second], np.r_[second, first])
    edges = sparse.coo_matrix((np.r_[values, values], places), (size, size)).tocsr()
    pin = sparse.coo_matrix(([1e-6], ([0], [0])), (size, size))  # the flat mesh stays where it is
    return factorized((sparse.diags(np.asarray(edges.sum(1)).ravel()) - edges + pin).tocsc())


def _turns(corners: Numbers, weights: Numbers, flat: Numbers) -> Numbers:
    """The turn of each triangle that fits the flat mesh best: rows times turn."""
    sums = np.zeros((len(corners), 2, 2))
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        pairs = np.einsum("fi,fj->fij", corners[:, i] - corners[:, j], flat[:, i] - flat[:, j])
        sums += weights[:, k, None, None] * pairs
    left, _, right = np.linalg.svd(sums)
    mirrored = np.linalg.det(left @ right) < 0
    left[mirrored, :, 1] *= -1
    return np.asarray(left @ right)

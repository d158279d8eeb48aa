"""Renders hands that belong to nobody, with labels: ``python -m training.synth``.

Everything but :mod:`training.synth.scene` is plain geometry and pixels and runs without Blender.
Lengths are millimetres; the camera is at the origin and looks along -z.
"""

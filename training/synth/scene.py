"""The scene in Blender's Cycles: the only module that needs ``bpy`` (see this folder's README).

One Blender unit is 100 mm.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bpy
import cv2
import numpy as np
from numpy.typing import NDArray

from training.synth.hand import Hand, Numbers
from training.synth.looks import Lamp, Look, sleeve
from training.synth.shots import Shot
from training.synth.skin import Plane, Texture, backness, pad_maps, prints, relief
from training.synth.tips import Camera

_UNITS = 0.01  # per millimetre
_SENSOR = 36
_LAMPS = 3
_SKIN = {
    "Subsurface Weight": 0.5,
    "Subsurface Scale": 2.2 * _UNITS,
    "Subsurface Radius": (1, 0.32, 0.18),
    "IOR": 1.4,
}
_VALLEYS = (0.55, 0.38, 0.34, 1)  # valleys are darker, and redder
_PORES = (0.75, 0.6, 0.52, 1)
_PALE, _FLUSHED = (1.05, 1.02, 1.0, 1), (1.0, 0.86, 0.84, 1)


class Scene:
    """A hand, its sleeve, a backdrop, three lamps and a camera.

    Args:
        hand: The model.
        libhand: Folder with its texture.
        relief_file: Where the skin's relief is kept, which takes a minute to make.
        threads: How many Cycles may use.
    """

    def __init__(self, hand: Hand, libhand: Path, relief_file: Path, threads: int = 2) -> None:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self._hand = hand
        self._texture = Texture(hand, libhand)
        self._back = backness(hand)
        self._identity: tuple[int, bool] | None = None
        self._pictures: dict[str, Any] = {}  # texture nodes by what they show
        self._values: dict[str, Any] = {}
        self._scene = bpy.context.scene
        self._set_up_cycles(threads)
        self._camera = self._link("camera", bpy.data.cameras.new("camera"))
        self._scene.camera = self._camera
        self._camera.data.clip_start, self._camera.data.clip_end = 0.02, 200
        self._body = self._hand_object()
        self._body.data.materials.append(self._skin(relief_file))
        self._sleeve_rest, faces = sleeve(hand)
        self._sleeve = self._mesh("sleeve", self._sleeve_rest, faces)
        self._attribute(self._sleeve, "rest", "POINT", self._sleeve_rest / 10)
        self._sleeve.data.materials.append(self._cloth())
        self._backdrop = self._mesh("backdrop", np.zeros((4, 3)), [[0, 1, 2, 3]], smooth=False)
        self._uv(self._backdrop, "UVMap", np.array([[0, 0], [1, 0], [1, 1], [0, 1]]))
        self._backdrop.data.materials.append(self._wall())
        self._surroundings = self._world()
        self._lamps = [self._lamp(f"lamp{i}") for i in range(_LAMPS)]

    def render(self, shot: Shot, look: Look, samples: int) -> Plane:
        """Takes the picture: linear RGB (height, width, 3), a left hand still as a right one."""
        self.prepare(shot, look)
        self._scene.cycles.samples = samples
        # With fewer than 16 samples the denoiser wipes ridges of 2-3 pixels away.
        self._scene.cycles.adaptive_min_samples = min(16, samples)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "picture.exr"
            self._scene.render.filepath = str(file)
            bpy.ops.render.render(write_still=True)
            return read_light(file)

    def prepare(self, shot: Shot, look: Look) -> None:
        """Puts everything in its place."""
        self._place(self._body, shot.vertices)
        self._place(self._sleeve, shot.placed(self._sleeve_rest))
        self._place(self._backdrop, look.backdrop_corners)
        self._set_camera(shot.camera, shot.focus, shot.aperture)
        self._set_identity(shot.identity, shot.left)
        self._set_skin(look)
        self._cloth_shader.inputs["Base Color"].default_value = (*look.cloth.tolist(), 1)
        self._pictures["backdrop"].image = _image("backdrop", look.backdrop)
        self._wall_shader.inputs["Roughness"].default_value = look.backdrop_roughness
        self._surroundings.image = _image("surroundings", look.surroundings)
        for lamp, of in zip(self._lamps, look.lamps, strict=True):
            _set_lamp(lamp, of)

    def _set_up_cycles(self, threads: int) -> None:
        render, cycles = self._scene.render, self._scene.cycles
        render.engine = "CYCLES"
        render.threads_mode, render.threads = "FIXED", threads
        render.image_settings.file_format = "OPEN_EXR"
        render.image_settings.color_depth = "32"
        cycles.device = "CPU"
        cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
        cycles.denoising_input_passes, cycles.denoising_prefilter = "RGB_ALBEDO_NORMAL", "FAST"
        cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 3, 1, 1
        cycles.caustics_reflective = cycles.caustics_refractive = False
        cycles.sample_clamp_indirect = 4
        cycles.use_adaptive_sampling, cycles.adaptive_threshold = True, 0.05
        cycles.pixel_filter_type, cycles.filter_width = "BLACKMAN_HARRIS", 1.3
        self._scene.view_settings.view_transform = "Standard"

    # Objects.

    def _link(self, name: str, data: Any) -> Any:
        thing = bpy.data.objects.new(name, data)
        self._scene.collection.objects.link(thing)
        return thing

    def _mesh(self, name: str, vertices: Numbers, faces: Any, smooth: bool = True) -> Any:
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata((vertices * _UNITS).tolist(), [], faces)
        mesh.polygons.foreach_set("use_smooth", np.full(len(faces), smooth))
        return self._link(name, mesh)

    def _hand_object(self) -> Any:
        hand, maps = self._hand, pad_maps(self._hand)
        body = self._mesh("hand", hand.rest, hand.faces.tolist())
        self._uv(body, "UVMap", hand.uv)
        self._uv(body, "PadAtlas", maps.atlas)
        self._attribute(body, "on_pad", "FACE", maps.on_pad)
        self._attribute(body, "pad_strength", "POINT", maps.strength)
        self._attribute(body, "back", "POINT", self._back)
        self._attribute(body, "rest", "POINT", hand.rest / 10)
        gain = self._texture.seam_gain(hand)[hand.split_faces]
        self._attribute(body, "seam", "CORNER", gain.reshape(-1, 3))
        return body

    def _attribute(self, thing: Any, name: str, domain: str, values: NDArray[Any]) -> None:
        kind, key = ("FLOAT", "value") if values.ndim == 1 else ("FLOAT_VECTOR", "vector")
        attribute = thing.data.attributes.new(name, kind, domain)
        attribute.data.foreach_set(key, np.ascontiguousarray(values, np.float32).ravel())

    def _uv(self, thing: Any, name: str, corners: NDArray[Any]) -> None:
        layer = thing.data.uv_layers.new(name=name)
        layer.data.foreach_set("uv", np.ascontiguousarray(corners, np.float32).ravel())

    def _lamp(self, name: str) -> Any:
        lamp = self._link(name, bpy.data.lights.new(name, "AREA"))
        lamp.data.shape = "RECTANGLE"
        lamp.visible_camera = False
        return lamp

    # Materials.

    def _skin(self, relief_file: Path) -> Any:
        material, build = _material("skin")
        place = build.attribute("rest", "Vector")
        print_ = build.split(self._picture_node(build, "PadAtlas", "prints", "EXTEND"))
        fine = build("ShaderNodeTexImage", Vector=build.uv("UVMap"))
        fine.image = self._relief_image(relief_file)
        mask = build.math("MULTIPLY", build.attribute("pad_strength"), build.attribute("on_pad"))
        rest = build.math("SUBTRACT", 1.0, mask)
        height = self._skin_height(build, print_[0], fine.outputs[0], mask, rest)
        bump = build("ShaderNodeBump", Strength=1.0, Distance=_UNITS, Height=height)
        back = build.attribute("back")
        # Ridge height on pad or palm; 1 on the back of the hand.
        on_palm = build.math("MULTIPLY", rest, build.math("SUBTRACT", 1.0, back))
        ridges = build.math(
            "ADD",
            build.math("MULTIPLY", print_[0], mask),
            build.math(
                "ADD",
                build.math("MULTIPLY", fine.outputs[0], on_palm),
                build.math("MULTIPLY", rest, back),
            ),
        )
        valleys = build.math(
            "MULTIPLY", build.math("SUBTRACT", 1.0, ridges), self._value(build, "ridge_contrast")
        )
        colour = build.mix("MULTIPLY", valleys, self._skin_colour(build, place, back), _VALLEYS)
        pores = build.math("MULTIPLY", build.math("MULTIPLY", print_[1], 0.1), mask)
        colour = build.mix("MIX", pores, colour, _PORES)
        self._skin_shader = build.shader(colour, bump.outputs[0])
        self._skin_shader.subsurface_method = "RANDOM_WALK"
        for name, value in _SKIN.items():
            self._skin_shader.inputs[name].default_value = value
        return material

    def _skin_height(self, build: "_Nodes", print_: Any, fine: Any, mask: Any, rest: Any) -> Any:
        """Millimetres: the print, finer relief elsewhere, lumps, wrinkles of the photo."""
        ridge_height = self._value(build, "ridge_height")
        centred = build.math("SUBTRACT", print_, 0.5)
        ridges = build.math("MULTIPLY", build.math("MULTIPLY", centred, ridge_height), mask)
        elsewhere = build.math("MULTIPLY", build.math("MULTIPLY", fine, ridge_height), rest)
        elsewhere = build.math("MULTIPLY", elsewhere, 0.8)
        place = build.attribute("rest", "Vector")
        lumps = build("ShaderNodeTexNoise", Scale=3.0, Detail=1.0, Vector=place)
        lumps = build.math("MULTIPLY", lumps.outputs[0], 0.25)
        wrinkles = self._picture_node(build, "UVMap", "wrinkles")
        relief_ = build.math("ADD", ridges, elsewhere)
        return build.math("ADD", relief_, build.math("ADD", lumps, wrinkles))

    def _skin_colour(self, build: "_Nodes", place: Any, back: Any) -> Any:
        """The photo, made a skin tone, its seams evened out, flushed here and there."""
        photo = self._picture_node(build, "UVMap", "skin")
        self._tone = build("ShaderNodeMix", {"data_type": "RGBA"})
        build.set(self._tone, 0, back)
        seam = build.attribute("seam", "Vector")
        gain = build.mix("MULTIPLY", 1.0, self._tone.outputs[2], seam)
        toned = build("ShaderNodeVectorMath", {"operation": "MULTIPLY"})
        build.set(toned, 0, photo)
        build.set(toned, 1, gain)
        spots = build("ShaderNodeTexNoise", Scale=1.2, Detail=1.0, Vector=place)
        part = build("ShaderNodeMapRange", Value=spots.outputs[0])
        part.inputs["From Min"].default_value = 0.3
        part.inputs["From Max"].default_value = 0.7
        flush = build.mix("MIX", part.outputs[0], _PALE, _FLUSHED)
        return build.mix("MULTIPLY", 0.35, toned.outputs[0], flush)

    def _cloth(self) -> Any:
        material, build = _material("cloth")
        place = build.attribute("rest", "Vector")
        folds = build("ShaderNodeTexNoise", Scale=0.35, Detail=3.0, Vector=place)
        bands = {"bands_direction": "X"}
        knit = build("ShaderNodeTexWave", bands, Scale=3.0, Distortion=0.6, Detail=1.0)
        build.set(knit, "Vector", place)
        height = build.math(
            "ADD",
            build.math("MULTIPLY", folds.outputs[0], 8.0),
            build.math("MULTIPLY", knit.outputs["Fac"], 0.25),
        )
        bump = build("ShaderNodeBump", Strength=1.0, Distance=_UNITS, Height=height)
        self._cloth_shader = build.shader((0.5, 0.5, 0.5, 1), bump.outputs[0])
        self._cloth_shader.inputs["Roughness"].default_value = 0.9
        return material

    def _wall(self) -> Any:
        material, build = _material("wall")
        picture = build("ShaderNodeTexImage")
        self._pictures["backdrop"] = picture
        self._wall_shader = build.shader(picture.outputs[0])
        return material

    def _world(self) -> Any:
        world = bpy.data.worlds.new("world")
        self._scene.world = world
        build = _nodes(world)
        picture = build("ShaderNodeTexEnvironment")
        light = build("ShaderNodeBackground", Color=picture.outputs[0])
        build.set(build("ShaderNodeOutputWorld"), 0, light.outputs[0])
        # The surroundings are dim and smooth; windows are lamps.
        world.cycles.sampling_method = "NONE"
        return picture

    def _picture_node(self, build: "_Nodes", uv: str, name: str, beyond: str = "REPEAT") -> Any:
        """The output of a picture that changes."""
        options = {"interpolation": "Cubic", "extension": beyond}
        node = build("ShaderNodeTexImage", options, Vector=build.uv(uv))
        self._pictures[name] = node
        return node.outputs[0]

    def _value(self, build: "_Nodes", name: str) -> Any:
        node = build("ShaderNodeValue")
        self._values[name] = node.outputs[0]
        return node.outputs[0]

    def _relief_image(self, file: Path) -> Any:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(file), relief(self._hand, self._back))
        image = bpy.data.images.load(str(file))
        image.colorspace_settings.name = "Non-Color"
        return image

    # What changes from picture to picture.

    def _place(self, thing: Any, vertices: Numbers) -> None:
        values = np.ascontiguousarray(vertices * _UNITS, np.float32).ravel()
        thing.data.vertices.foreach_set("co", values)
        thing.data.update()

    def _set_identity(self, identity: int, left: bool) -> None:
        if self._identity != (identity, left):
            self._identity = identity, left
            colours, wrinkles = self._texture.of(identity)
            shown = {"skin": colours, "wrinkles": wrinkles, "prints": prints(identity, left)}
            for name, picture in shown.items():
                self._pictures[name].image = _image(name, picture)

    def _set_skin(self, look: Look) -> None:
        self._tone.inputs[6].default_value = (*look.palm_gain.tolist(), 1)
        self._tone.inputs[7].default_value = (*look.back_gain.tolist(), 1)
        self._values["ridge_height"].default_value = look.ridge_height
        self._values["ridge_contrast"].default_value = look.ridge_contrast
        self._skin_shader.inputs["Roughness"].default_value = look.roughness
        self._skin_shader.inputs["Specular IOR Level"].default_value = look.shine

    def _set_camera(self, camera: Camera, focus: float, aperture: float) -> None:
        render, data = self._scene.render, self._camera.data
        render.resolution_x, render.resolution_y = camera.width, camera.height
        render.resolution_percentage = 100
        data.sensor_fit = "HORIZONTAL" if camera.width >= camera.height else "VERTICAL"
        data.sensor_width = data.sensor_height = _SENSOR
        data.lens = camera.lens
        data.dof.use_dof = aperture > 0
        if aperture > 0:
            data.dof.focus_distance = focus * _UNITS
            # Blender takes the lens as millimetres and a unit as a metre.
            data.dof.aperture_fstop = camera.lens * 1e-3 / (aperture * _UNITS)


class _Nodes:
    """Builds a tree of shader nodes."""

    def __init__(self, tree: Any) -> None:
        self._tree = tree
        tree.nodes.clear()

    def __call__(self, kind: str, options: Mapping[str, Any] | None = None, **inputs: Any) -> Any:
        node = self._tree.nodes.new(kind)
        for name, value in (options or {}).items():
            setattr(node, name, value)
        for name, value in inputs.items():
            self.set(node, name, value)
        return node

    def set(self, node: Any, name: str | int, value: Any) -> None:
        """Links an input to another node's output, or gives it a value."""
        socket = node.inputs[name]
        if isinstance(value, bpy.types.NodeSocket):
            self._tree.links.new(value, socket)
        else:
            socket.default_value = value

    def attribute(self, name: str, output: str = "Fac") -> Any:
        return self("ShaderNodeAttribute", {"attribute_name": name}).outputs[output]

    def uv(self, name: str) -> Any:
        return self("ShaderNodeUVMap", {"uv_map": name}).outputs[0]

    def split(self, colour: Any) -> Any:
        node = self("ShaderNodeSeparateColor")
        self.set(node, 0, colour)
        return node.outputs

    def math(self, operation: str, first: Any, second: Any) -> Any:
        node = self("ShaderNodeMath", {"operation": operation})
        self.set(node, 0, first)
        self.set(node, 1, second)
        return node.outputs[0]

    def mix(self, blend: str, part: Any, first: Any, second: Any) -> Any:
        node = self("ShaderNodeMix", {"data_type": "RGBA", "blend_type": blend})
        for number, value in ((0, part), (6, first), (7, second)):
            self.set(node, number, value)
        return node.outputs[2]

    def shader(self, colour: Any, normal: Any = None) -> Any:
        """The material's surface."""
        node = self("ShaderNodeBsdfPrincipled")
        self.set(node, "Base Color", colour)
        if normal is not None:
            self.set(node, "Normal", normal)
        self.set(self("ShaderNodeOutputMaterial"), 0, node.outputs[0])
        return node


def read_light(file: Path) -> Plane:
    """Reads a rendered EXR picture: linear RGB, row 0 at the top."""
    image = bpy.data.images.load(str(file))
    image.colorspace_settings.name = "Non-Color"
    width, height = image.size
    values = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(values)
    bpy.data.images.remove(image)
    return values.reshape(height, width, -1)[::-1, :, :3]


def _material(name: str) -> tuple[Any, _Nodes]:
    material = bpy.data.materials.new(name)
    return material, _nodes(material)


def _nodes(owner: Any) -> _Nodes:
    owner.use_nodes = True
    return _Nodes(owner.node_tree)


def _image(name: str, picture: Plane) -> Any:
    """A linear picture for Blender, made anew or overwritten."""
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, 2)
    height, width = picture.shape[:2]
    image = bpy.data.images.get(name)
    if image is not None and tuple(image.size) != (width, height):
        bpy.data.images.remove(image)
        image = None
    if image is None:
        image = bpy.data.images.new(name, width, height, float_buffer=True, is_data=True)
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., :3] = picture[::-1]
    image.pixels.foreach_set(pixels.ravel())
    image.update()
    return image


def _set_lamp(lamp: Any, of: Lamp) -> None:
    matrix = of.matrix.copy()
    matrix[:3, 3] *= _UNITS
    lamp.matrix_world = matrix.T.tolist()
    lamp.data.size, lamp.data.size_y = (side * _UNITS for side in of.size)
    lamp.data.energy = of.power
    lamp.data.color = of.colour

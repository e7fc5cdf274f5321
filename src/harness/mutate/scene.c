/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/mutate/scene.h"

#include <string.h>

enum scene_kind scene_kind(char letter)
{
	switch (letter | 0x20) {
	case 'p':
		return SCENE_PAGE;
	case 'k':
		return SCENE_MAP;
	case 'u':
		return SCENE_SLICE;
	case 'm':
		return SCENE_MUTEX;
	case 's':
		return SCENE_SEMAPHORE;
	default:
		return SCENE_KINDS;
	}
}

static bool has(const struct scene *scene, enum scene_kind kind, uint8_t handle)
{
	return scene->usable[kind] & 1u << handle;
}

static void lose(struct scene *scene, enum scene_kind kind, uint8_t handle)
{
	scene->usable[kind] &= ~(1u << handle);
}

static void gain(struct scene *scene, enum scene_kind kind, uint8_t handle)
{
	scene->usable[kind] |= 1u << handle;
}

/* Return: false if the handle was filled before, so that the call does nothing. */
static bool fill(struct scene *scene, enum scene_kind kind, uint8_t handle)
{
	if (scene->filled[kind] & 1u << handle)
		return false;
	scene->filled[kind] |= 1u << handle;
	gain(scene, kind, handle);
	return true;
}

static void unmap(struct scene *scene, uint8_t map)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < scene->depth; i++)
		if (scene->stack[i] != map)
			scene->stack[kept++] = scene->stack[i];
	scene->depth = kept;
	lose(scene, SCENE_MAP, map);
}

void scene_step(struct scene *scene, const struct call *call)
{
	uint8_t handle = call->handle[0];

	switch (call->op) {
	case OP_alloc_page:
		if (fill(scene, SCENE_PAGE, handle))
			scene->refs[handle] = 1;
		break;
	case OP_get_page:
		if (has(scene, SCENE_PAGE, handle))
			scene->refs[handle] += scene->refs[handle] < UINT8_MAX;
		break;
	case OP_free_page:
		if (has(scene, SCENE_PAGE, handle) && !--scene->refs[handle])
			lose(scene, SCENE_PAGE, handle);
		break;
	case OP_user_slice:
		fill(scene, SCENE_SLICE, handle);
		break;
	case OP_kmap_local:
		if (scene->filled[SCENE_PAGE] & 1u << call->handle[1] &&
		    fill(scene, SCENE_MAP, handle)) {
			scene->map_thread[handle] = call->thread;
			scene->stack[scene->depth++] = handle;
		}
		break;
	case OP_kunmap_local:
		unmap(scene, handle);
		break;
	case OP_lock:
		if (has(scene, SCENE_MUTEX, handle)) {
			lose(scene, SCENE_MUTEX, handle);
			scene->holder[handle] = call->thread;
		}
		break;
	case OP_unlock:
		if (!has(scene, SCENE_MUTEX, handle) && scene->holder[handle] == call->thread)
			gain(scene, SCENE_MUTEX, handle);
		break;
	case OP_post:
		scene->posted[handle] += scene->posted[handle] < UINT8_MAX;
		gain(scene, SCENE_SEMAPHORE, handle);
		break;
	case OP_wait:
		if (has(scene, SCENE_SEMAPHORE, handle) && !--scene->posted[handle])
			lose(scene, SCENE_SEMAPHORE, handle);
		break;
	}
}

void scene_at(struct scene *scene, const struct program *program, size_t end)
{
	memset(scene, 0, sizeof(*scene));
	scene->filled[SCENE_MUTEX] = scene->filled[SCENE_SEMAPHORE] = 0xf;
	scene->usable[SCENE_MUTEX] = 0xf;
	for (size_t i = 0; i < end; i++)
		scene_step(scene, &program->calls[i]);
}

uint8_t scene_newest_map(const struct scene *scene, uint8_t thread)
{
	for (unsigned int i = scene->depth; i-- > 0;)
		if (scene->map_thread[scene->stack[i]] == thread)
			return scene->stack[i];
	return PROGRAM_MAPS;
}

"""Reading what a subject wrote: by search or by walking, place by place, so that no request is made twice."""

# What the constructs declare, in small: every attribute that they set, for two servers.
terraform {
  required_providers {
    docker = {
      source = "pgraft.local/embedded/docker"
    }
  }
}

provider "docker" {}

variable "flavour" {
  default = "plain"
}

variable "memory" {
  default = 64
}

locals {
  servers = { pgprov-one = 17400, pgprov-two = 17402 }
}

resource "docker_image" "node" {
  name         = "pgprov-terraform:1"
  keep_locally = true
  build {
    context    = "${path.module}/context"
    dockerfile = "Dockerfile"
    tag        = ["pgprov-terraform:latest"]
  }
}

resource "docker_network" "network" {
  name   = "pgprov-network"
  driver = "bridge"
  labels {
    label = "pgprov"
    value = "yes"
  }
}

resource "docker_volume" "data" {
  for_each = local.servers
  name     = "${each.key}-data"
  labels {
    label = "pgprov"
    value = "yes"
  }
  lifecycle {
    ignore_changes = [labels]
  }
}

resource "docker_container" "server" {
  for_each              = local.servers
  name                  = each.key
  hostname              = each.key
  image                 = docker_image.node.name
  env                   = ["FLAVOUR=${var.flavour}"]
  restart               = "unless-stopped"
  must_run              = false
  stop_timeout          = 20
  destroy_grace_seconds = 20
  memory                = var.memory
  memory_swap           = var.memory
  shm_size              = 64
  log_driver            = "json-file"
  log_opts              = { max-size = "1m", max-file = "2" }
  labels {
    label = "pgprov"
    value = "yes"
  }
  ports {
    internal = 5432
    external = each.value
    ip       = "127.0.0.1"
    protocol = "tcp"
  }
  ports {
    internal = 7001
    external = each.value + 1
    ip       = "127.0.0.1"
    protocol = "tcp"
  }
  networks_advanced {
    name    = docker_network.network.name
    aliases = ["pgprov"]
  }
  volumes {
    volume_name    = docker_volume.data[each.key].name
    container_path = "/data"
  }
}

# Whatever hangs on a container's id is replaced with it, and only then.
resource "terraform_data" "hook" {
  for_each         = local.servers
  triggers_replace = [docker_container.server[each.key].id]
}

import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { DeleteSubject } from '../use-cases/delete-subject.js';
import { ReadSubjects } from '../use-cases/read-subjects.js';
import { UpsertSubjects } from '../use-cases/upsert-subjects.js';
import { subjectFromApi, subjectToApi } from './convert-subject.js';

@Controller()
export class SubjectsController {
  constructor(
    @Inject(UpsertSubjects) private readonly upsertSubjects: UpsertSubjects,
    @Inject(ReadSubjects) private readonly readSubjects: ReadSubjects,
    @Inject(DeleteSubject) private readonly deleteSubject: DeleteSubject,
  ) {}

  @Operation('listSubjects')
  async list({ context }: OpRequest<'listSubjects'>): Promise<OpReply<'listSubjects'>> {
    return (await this.readSubjects.list(context.namespace)).map(subjectToApi);
  }

  @Operation('upsertSubject')
  async upsert({ body, context }: OpRequest<'upsertSubject'>): Promise<OpReply<'upsertSubject'>> {
    return (await this.upsertSubjects.run(context, body.map(subjectFromApi))).map(subjectToApi);
  }

  @Operation('getSubject')
  async get({ path, context }: OpRequest<'getSubject'>): Promise<OpReply<'getSubject'>> {
    return subjectToApi(await this.readSubjects.get(context.namespace, path.subjectIdOrKey));
  }

  @Operation('deleteSubject')
  async delete({ path, context }: OpRequest<'deleteSubject'>): Promise<OpReply<'deleteSubject'>> {
    await this.deleteSubject.run(context, path.subjectIdOrKey);
  }
}
